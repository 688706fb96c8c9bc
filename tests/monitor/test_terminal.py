"""The dashboard on a terminal, as a user starts and ends it."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from osmia.monitor.generated import generated_traffic
from osmia.packets import Frame, PcapWriter

pytest.importorskip("textual", reason="the dashboard needs the extra osmia[monitor]")

PATIENCE = 60.0
ALTERNATE_SCREEN, MAIN_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


class Terminal:
    """A command on a terminal of 80 columns and 24 lines."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self.seen = b""
        self._descriptor = descriptor

    def until(self, text: bytes) -> None:
        """Wait until it has drawn a text."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            assert time.monotonic() < deadline, f"no {text!r} in {self.seen[-2000:]!r}"
            assert self._read(), f"it ended without {text!r}: {self.seen[-2000:]!r}"

    def press(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)

    def wait(self) -> int:
        """The exit code, once all was drawn."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], 1.0)
        if not ready:
            return self.process.poll() is None
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError:
            return False
        self.seen += data
        return bool(data)


@contextmanager
def terminal(tmp_path: Path, *arguments: str) -> Generator[Terminal, None, None]:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OSMIA_CONTROL": str(tmp_path / "monitor.sock"),
        "OSMIA_STATE_DIRECTORY": str(tmp_path),
        "TERM": "xterm-256color",
    }
    command = [sys.executable, "-m", "osmia.cli.main", "monitor", *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "scan.pcap"
    with path.open("wb") as file:
        writer = PcapWriter(file)
        for frame in generated_traffic(10.0):
            writer.write(Frame(frame.timestamp_ns, frame.data, frame.length))
    return path


def test_a_replay_is_a_dashboard_until_it_is_ended(tmp_path: Path, capture: Path) -> None:
    with terminal(tmp_path, "replay", str(capture)) as screen:
        screen.until(ALTERNATE_SCREEN)
        screen.until(b"REPLAY")
        screen.press(b"2")
        screen.until(b"198.51.100.2")
        screen.press(b"q")
        assert screen.wait() == 0
        assert screen.seen.rindex(MAIN_SCREEN) > screen.seen.rindex(ALTERNATE_SCREEN)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)])
def test_a_signal_gives_the_terminal_back(
    tmp_path: Path, capture: Path, number: signal.Signals, code: int
) -> None:
    with terminal(tmp_path, "replay", str(capture)) as screen:
        screen.until(b"REPLAY")
        screen.process.send_signal(number)
        assert screen.wait() == code
        assert MAIN_SCREEN in screen.seen
        assert b"Traceback" not in screen.seen


def test_a_damaged_capture_is_an_error_behind_the_dashboard(tmp_path: Path, capture: Path) -> None:
    capture.write_bytes(capture.read_bytes()[:2000])
    with terminal(tmp_path, "replay", str(capture)) as screen:
        assert screen.wait() == 1
        assert b"malformed capture" in screen.seen.rpartition(MAIN_SCREEN)[2]


@pytest.mark.kernel
def test_the_demo_is_a_dashboard(tmp_path: Path) -> None:
    with terminal(tmp_path, "demo") as screen:
        screen.until(b"DEMO")
        screen.press(b"2")
        screen.until(b"10.99.0.2")
        screen.press(b"4")
        screen.until(b"CONNECT (-sT)")
        screen.press(b"\x03")
        assert screen.wait() == 0
        assert b"Traceback" not in screen.seen
