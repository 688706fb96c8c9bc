"""Show each system call of other processes: an event for each, from a tracepoint."""

import os
from contextlib import suppress

import osmia
from osmia import (
    Comm,
    Constant,
    RingBuf,
    TracepointContext,
    TracepointField,
    i64,
    ktime_get_ns,
    struct,
    tracepoint,
    u32,
    u64,
)


class SysEnter(TracepointContext):
    """The record of raw_syscalls/sys_enter; `osmia generate tracepoint` writes such classes."""

    id = TracepointField(i64, 8)


@struct
class SystemCall:
    """One system call."""

    pid: u32
    number: i64
    comm: Comm
    time: u64
    """ns since boot"""


calls = RingBuf(SystemCall, byte_size=1 << 20)
own_pid = Constant(u32(0))
"""This program itself: it would trace its own output for ever."""


@tracepoint("raw_syscalls", "sys_enter")
def system_call(ctx: SysEnter) -> int:
    """Runs where a process enters the kernel."""
    if ctx.pid == own_pid.value:
        return 0
    event = calls.reserve()
    if event is not None:
        event.pid = ctx.pid
        event.number = ctx.id
        event.comm = ctx.comm
        event.time = ktime_get_ns()
        calls.submit(event)
    return 0


def main() -> None:
    """Attach, and show the events as they come."""
    with osmia.load(system_call, constants={own_pid: u32(os.getpid())}) as bpf:
        bpf[system_call].attach()
        for event in bpf[calls]:
            print(f"{event.pid:>7} {event.comm!s:16} {event.number}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
