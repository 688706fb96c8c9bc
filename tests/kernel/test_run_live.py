"""`osmia run` of a file without main, on a terminal and off it, ended by Ctrl-C."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SOURCE = """
import os
from osmia import *

@struct
class Hit:
    number: u64
    comm: Comm

hits = RingBuf(Hit, byte_size=65536)
numbers = PerfEventArray(Hit)
calls = PerCpuHashMap(u64, u64, max_entries=512)
spread = Log2Histogram(u64)
traced = Constant(u32({pid}))

@raw_tracepoint("sys_enter")
def trace(ctx: RawTracepointContext) -> int:
    if ctx.pid == traced.value:
        number = ctx.arg(1)
        calls[number] += 1
        spread.record(number)
        hit = Hit(number=number, comm=ctx.comm)
        hits.output(hit)
        numbers.output(ctx, hit)
        log.warning(f"call {{number}}")
        log.debug(f"not shown {{number}}")
    return 0
"""
WAIT = 30


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "watch_me.py"
    path.write_text(SOURCE.format(pid=os.getpid()))
    return path


def command(source: Path) -> list[str]:
    return [sys.executable, "-m", "osmia.cli.main", "run", str(source)]


def read_until(descriptor: int, pattern: str, seen: str = "") -> str:
    """What comes, until the pattern is in it; this process makes system calls all the while."""
    deadline = time.monotonic() + WAIT
    while not re.search(pattern, seen, re.MULTILINE) and time.monotonic() < deadline:
        if select.select([descriptor], [], [], 0.1)[0]:
            seen += os.read(descriptor, 65536).decode()
    assert re.search(pattern, seen, re.MULTILINE), seen[-2000:]
    return seen


def test_lines_until_interrupted(source: Path) -> None:
    with subprocess.Popen(command(source), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        seen = read_until(descriptor, r"^calls\[\d+\] = [\d,]+  \(\+.*/s\)$")
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=WAIT)
    seen += rest.decode()
    assert process.returncode == 0, errors
    assert errors.decode() == "1 programs attached; Ctrl-C ends it\n"
    assert re.search(r"^hits: Hit\(number=\d+, comm=\S+\)$", seen, re.MULTILINE)
    assert re.search(r"^numbers: Hit\(number=\d+, comm=\S+\)$", seen, re.MULTILINE)
    assert re.search(r"^hits: [\d,]+ events/s, 0 lost$", seen, re.MULTILINE)
    assert re.search(r"^call \d+$", seen, re.MULTILINE)
    assert "not shown" not in seen
    # The histogram, at the end.
    assert re.search(r"^spread\n +count +share\n\[", seen, re.MULTILINE)


def test_a_terminal_is_drawn_and_given_back(source: Path) -> None:
    master, terminal = pty.openpty()
    try:
        with subprocess.Popen(command(source), stdout=terminal, stderr=subprocess.PIPE) as process:
            os.close(terminal)
            seen = read_until(master, r"hits   [1-9][\d,]* events   [\d,]+/s   0 lost")
            process.send_signal(signal.SIGINT)
            seen = read_until(master, r"\x1b\[\?1049l", seen)
            while select.select([master], [], [], 1)[0]:
                try:
                    seen += os.read(master, 65536).decode()
                except OSError:  # the last one has closed the other end
                    break
            assert process.wait(WAIT) == 0
    finally:
        os.close(master)
    assert seen.startswith("\x1b[?1049h\x1b[?25l")
    assert seen.count("\x1b[?1049l") == 1
    last = seen.split("\x1b[?1049l")[1]
    assert last.startswith("watch_me.py")
    assert re.search(r"^spread   [\d,]+ values", last, re.MULTILINE)
