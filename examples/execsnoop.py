"""Show each program that is started: by whom, with which arguments.

Needs root. Linux 5.10, with BTF.
"""

from contextlib import suppress
from typing import Literal

import osmia
from osmia import (
    Array,
    BtfTracepointContext,
    Comm,
    KernelPointer,
    KernelStruct,
    RingBuf,
    btf_tracepoint,
    i32,
    struct,
    u8,
    u32,
    u64,
)
from osmia.helpers import probe_read_user

MOST = 256
"""Bytes of arguments that are kept."""


class MemoryMap(KernelStruct, name="mm_struct"):
    """The memory of a process."""

    arg_start: u64
    arg_end: u64


class Task(KernelStruct, name="task_struct"):
    """A thread."""

    tgid: i32
    real_parent: KernelPointer["Task"]
    mm: KernelPointer[MemoryMap]


@struct
class Execution:
    """A program that was started."""

    pid: u32
    parent: u32
    comm: Comm
    size: u32
    """Bytes of all arguments, each with a zero byte behind it."""
    arguments: Array[u8, Literal[256]]
    """The first of them, or where all fit what ends with the last."""


executions = RingBuf(Execution, byte_size=1 << 20)


@btf_tracepoint("sched_process_exec")
def program_starts(ctx: BtfTracepointContext, task: Task) -> int:
    event = executions.reserve()
    if event is not None:
        event.pid = ctx.pid
        event.parent = u32(task.real_parent.tgid)
        event.comm = ctx.comm
        size = task.mm.arg_end - task.mm.arg_start
        event.size = u32(size)
        # Never beyond the end: nothing may lie behind it, and then all of the reading fails.
        probe_read_user(event.arguments, task.mm.arg_start if size > MOST else task.mm.arg_end - MOST)
        executions.submit(event)
    return 0


def command_line(event: Execution) -> str:
    """The arguments as text."""
    data, size = bytes(event.arguments), int(event.size)
    words = data if size > MOST else data[MOST - size :]
    return words.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace") + "…" * (size > MOST)


def main() -> None:
    with osmia.load(program_starts) as bpf:
        bpf[program_starts].attach()
        print(f"{'PID':>7} {'PARENT':>7} {'COMMAND':16} ARGUMENTS")
        for event in bpf[executions]:
            print(f"{event.pid:>7} {event.parent:>7} {event.comm!s:16} {command_line(event)}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
