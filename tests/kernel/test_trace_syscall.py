"""The example that counts system calls: a process makes a known number of one, and it has its name."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import osmia
from examples import trace_syscall
from osmia import u32

CALLS = 1000
SECONDS = 30.0
"""How long the events are waited for."""


async def test_each_call_is_counted() -> None:
    calls = trace_syscall.Calls()
    counted: dict[int, int] = {}
    script = f"import os\nfor _ in range({CALLS}): os.getppid()"
    constants = {trace_syscall.own_pid: u32(os.getpid())}
    with osmia.load(trace_syscall.trace_syscall, constants=constants) as bpf:
        reader = bpf[trace_syscall.events]
        bpf[trace_syscall.trace_syscall].attach()
        counting = asyncio.create_task(trace_syscall.count(reader, calls))
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
        assert await process.wait() == 0
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            counted = {number: times for (pid, _, number), times in calls.items() if pid == process.pid}
            if CALLS in counted.values() or reader.lost:
                break
            await asyncio.sleep(0.1)
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
        lost = reader.lost
    assert os.getpid() not in {pid for pid, _, _ in calls}, "the example leaves itself out"
    assert CALLS in counted.values() or lost
    names = trace_syscall.system_call_names()
    if names and not lost:
        assert {names[number] for number, times in counted.items() if times == CALLS} == {"getppid"}


def test_names_from_header_files(tmp_path: Path) -> None:
    assert trace_syscall.system_call_names(tmp_path) == {}
    headers = tmp_path / "x86_64-linux-gnu" / "asm"
    headers.mkdir(parents=True)
    lines = "#ifndef _ASM\n#define __NR_read 0\n#define __NR_openat\t257\n#define __NR3264_fcntl 25\n"
    (headers / "unistd_64.h").write_text(lines + "#define __NR_fcntl __NR3264_fcntl\n#define __NR_x 1 + 2\n")
    assert trace_syscall.system_call_names(tmp_path) == {0: "read", 257: "openat", 25: "fcntl"}
