"""Show each program that is started, and by whom: a tracepoint's arguments with their types."""

from contextlib import suppress

import osmia
from osmia import (
    BtfTracepointContext,
    Comm,
    KernelPointer,
    KernelStruct,
    RingBuf,
    btf_tracepoint,
    i32,
    struct,
    u32,
)


class Task(KernelStruct, name="task_struct"):
    """A thread; `osmia generate struct task_struct FIELD` writes such classes."""

    tgid: i32
    real_parent: KernelPointer["Task"]


@struct
class Execution:
    """A program that was started."""

    pid: u32
    parent: i32
    comm: Comm


executions = RingBuf(Execution, byte_size=1 << 18)


@btf_tracepoint("sched_process_exec")
def starts(ctx: BtfTracepointContext, task: Task) -> int:
    """Runs when a process starts a program; the tracepoint's parameters stand behind the context."""
    event = executions.reserve()
    if event is not None:
        event.pid = ctx.pid
        event.parent = task.real_parent.tgid
        event.comm = ctx.comm
        executions.submit(event)
    return 0


def main() -> None:
    """Attach, and show the events as they come. Linux 5.5, with BTF."""
    with osmia.load(starts) as bpf:
        bpf[starts].attach()
        for event in bpf[executions]:
            print(f"{event.pid:>7} {event.comm!s:16} started by {event.parent}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
