"""Where a service's JSON lines go: standard output, or a file that may be rotated."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["EventFile"]

STANDARD_OUTPUT = "-"


class EventFile:
    """Appends lines to a file; `reopen` follows a rotation. Not thread-safe but for `reopen`.

    `output` is a path, "-" for standard output, or empty for nothing. Raises OSError where it
    cannot be opened; later on, what cannot be written is counted in `lost`, and tried again.
    """

    def __init__(self, output: str) -> None:
        self._output = output
        self._reopen = False
        self._torn = False
        self._descriptor = self._open()
        self.lost = 0
        """Lines that could not be written, as on a full disk."""

    def write(self, lines: Iterable[str]) -> None:
        """Write whole lines. Raises BrokenPipeError where nobody reads standard output any more."""
        if self._reopen:
            self._reopen = False
            self._open_anew()
        written = list(lines)
        if not written or not self._output:
            return
        # A line that was cut off must not run into the next one.
        content = ("\n" if self._torn else "") + "\n".join(written) + "\n"
        try:
            self._write_all(content.encode())
        except BrokenPipeError:
            raise
        except OSError:
            self.lost += len(written)
            self._open_anew()

    def reopen(self) -> None:
        """Open the file by its name again, before the next line; for a file that was renamed."""
        self._reopen = True

    def close(self) -> None:
        """Close the file; no error where that was done before."""
        if self._descriptor is not None and self._output != STANDARD_OUTPUT:
            os.close(self._descriptor)
        self._descriptor = None

    def _write_all(self, content: bytes) -> None:
        if self._descriptor is None:
            raise OSError("not open")
        rest = memoryview(content)
        while rest:
            count = os.write(self._descriptor, rest)
            rest = rest[count:]
            self._torn = bool(rest)

    def _open(self) -> int | None:
        if not self._output:
            return None
        if self._output == STANDARD_OUTPUT:
            return sys.stdout.fileno()
        path = Path(self._output)
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _open_anew(self) -> None:
        if self._output == STANDARD_OUTPUT:
            return
        self.close()
        try:
            self._descriptor = self._open()
        except OSError:
            self._descriptor = None
