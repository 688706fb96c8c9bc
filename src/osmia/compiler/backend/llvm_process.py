"""Runs LLVM in a process of its own, so that no program text can end ours."""

from __future__ import annotations

import atexit
import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from osmia.compiler.backend.worker import ANSWER, REQUEST
from osmia.errors import NotSupportedError

_WORKER = Path(__file__).with_name("worker.py")


class LlvmError(Exception):
    """LLVM refused the module; the text is what it said."""


class LlvmProcess:
    """A worker that starts at the first request, answers many, and is started anew when one ended it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: IO[bytes] | None = None

    def start(self) -> None:
        """Start the worker early: its imports then run beside our own work."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
        )

    def emit(self, text: str, level: int) -> bytes:
        """The ELF object of a module; LlvmError with LLVM's words where it refuses."""
        self.start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        data = text.encode()
        try:
            process.stdin.write(REQUEST.pack(len(data), level) + data)
            process.stdin.flush()
            header = process.stdout.read(ANSWER.size)
            if len(header) == ANSWER.size:
                status, length = ANSWER.unpack(header)
                answer = process.stdout.read(length)
                if len(answer) == length:
                    if status == 0:
                        return answer
                    raise LlvmError(answer.decode(errors="replace"))
        except BrokenPipeError:
            pass
        words = self._last_words()
        self.close()
        if "No module named 'llvmlite'" in words:
            raise NotSupportedError("compiling", needs="the package llvmlite (pip install llvmlite)")
        raise LlvmError(words)

    def _last_words(self) -> str:
        assert self._process is not None
        assert self._messages is not None
        self._process.wait(timeout=30)
        self._messages.seek(0)
        return self._messages.read(65536).decode(errors="replace").strip()

    def close(self) -> None:
        """End the worker."""
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()
            self._process.wait(timeout=30)
            self._process = None
        if self._messages is not None:
            self._messages.close()
            self._messages = None


llvm = LlvmProcess()
"""The worker of this process."""

atexit.register(llvm.close)
