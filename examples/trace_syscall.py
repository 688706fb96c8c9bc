"""Count system calls by process, with their names: each second, the most frequent.

The kernel knows its system calls by number only. The names come from its header files (Debian:
linux-libc-dev); where those are not installed, the numbers are shown. Needs root and tracefs. Linux 5.10.
"""

import asyncio
import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path

import osmia
from osmia import (
    Comm,
    Constant,
    EventReader,
    PerfEventArray,
    TracepointContext,
    TracepointField,
    i64,
    ktime_get_ns,
    struct,
    tracepoint,
    u32,
    u64,
)

HEADERS = ("*/asm/unistd_64.h", "asm/unistd_64.h", "asm-generic/unistd.h")
NUMBER = re.compile(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", re.MULTILINE)
ROWS = 20
Calls = Counter[tuple[int, str, int]]
"""By process, command and number."""


class SysEnter(TracepointContext):
    """The record of raw_syscalls/sys_enter."""

    id = TracepointField(i64, 8)


@struct
class SyscallEvent:
    """One system call."""

    pid: u32
    comm: Comm
    syscall_nr: i64
    timestamp: u64
    """ns since boot"""


events = PerfEventArray(SyscallEvent)
own_pid = Constant(u32(0))
"""This program itself: it would trace its own output for ever."""


@tracepoint("raw_syscalls", "sys_enter")
def trace_syscall(ctx: SysEnter) -> int:
    pid = ctx.pid
    if pid != own_pid.value:
        event = SyscallEvent(pid=pid, comm=ctx.comm, syscall_nr=ctx.id, timestamp=ktime_get_ns())
        events.output(ctx, event)
    return 0


def system_call_names(headers: Path = Path("/usr/include")) -> dict[int, str]:
    """The names of this machine's system calls by number; empty where there are no header files."""
    for pattern in HEADERS:
        for path in sorted(headers.glob(pattern)):
            return {int(number): name for name, number in NUMBER.findall(path.read_text())}
    return {}


async def count(reader: EventReader[SyscallEvent], calls: Calls) -> None:
    """Count the events by process, its command and the system call."""
    async for event in reader:
        calls[int(event.pid), str(event.comm), int(event.syscall_nr)] += 1


async def show(reader: EventReader[SyscallEvent], calls: Calls) -> None:
    """Print a table each second."""
    names = system_call_names()
    while True:
        await asyncio.sleep(1)
        print(f"\n{'PID':>7} {'COMMAND':16} {'SYSTEM CALL':24} {'CALLS':>9}   ({reader.lost} lost)")
        for (pid, comm, number), times in calls.most_common(ROWS):
            print(f"{pid:>7} {comm:16} {names.get(number, str(number)):24} {times:>9}")


async def main() -> None:
    calls = Calls()
    with osmia.load(trace_syscall, constants={own_pid: u32(os.getpid())}) as bpf:
        reader = bpf[events]
        bpf[trace_syscall].attach()
        await asyncio.gather(count(reader, calls), show(reader, calls))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
