"""Trace system calls: a tracepoint sends an event for each."""

import asyncio
import os

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
    with osmia.load(trace_syscall, constants={own_pid: u32(os.getpid())}) as bpf:
        reader = bpf[events]
        bpf[trace_syscall].attach()
        async for event in reader:
            print(f"PID {event.pid} called system call {event.syscall_nr} at {event.timestamp}")


if __name__ == "__main__":
    asyncio.run(main())
