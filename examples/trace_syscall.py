"""Count system calls: a tracepoint sends an event for each, a table shows who calls what."""

import asyncio
import os
from collections import Counter

import osmia
from osmia import Constant, PerfEventArray, TracepointContext, i64, ktime_get_ns, struct, tracepoint, u32, u64


@struct
class SyscallEvent:
    """One system call."""

    pid: u32
    syscall_nr: i64
    timestamp: u64
    """ns since boot"""


events = PerfEventArray(SyscallEvent)
own_pid = Constant(u32(0))
"""This program itself: it would trace its own output for ever."""


@tracepoint("raw_syscalls", "sys_enter")
def trace_syscall(ctx: TracepointContext) -> int:
    pid = ctx.pid
    if pid != own_pid.value:
        event = SyscallEvent(pid=pid, syscall_nr=ctx.read(i64, 8), timestamp=ktime_get_ns())
        events.output(ctx, event)
    return 0


async def main() -> None:
    counts: Counter[tuple[int, int]] = Counter()
    with osmia.load(trace_syscall, constants={own_pid: u32(os.getpid())}) as bpf:
        bpf[trace_syscall].attach()
        async for event in bpf[events]:
            counts[int(event.pid), int(event.syscall_nr)] += 1
            print(f"PID {event.pid} called system call {event.syscall_nr} at {event.timestamp}")


if __name__ == "__main__":
    asyncio.run(main())
