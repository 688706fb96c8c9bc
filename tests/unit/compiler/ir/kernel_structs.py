"""Structs of the kernel: typed pointers are read directly, addresses by a helper."""

from __future__ import annotations

from typing import Annotated

from osmia import (
    BitField,
    BtfTracepointContext,
    HashMap,
    KernelPointer,
    KernelStruct,
    KprobeContext,
    btf_tracepoint,
    field_exists,
    i32,
    kernel_address,
    kernel_pointer,
    kprobe,
    u32,
    u64,
)


class Task(KernelStruct, name="task_struct"):
    pid: i32
    parent: KernelPointer[Task]
    sched_reset_on_fork: Annotated[u32, BitField(1)]


found = HashMap(u64, u32, max_entries=4)


@btf_tracepoint("sched_process_exit")
def direct(ctx: BtfTracepointContext, task: Task, group_dead: bool) -> int:
    if group_dead and task.parent:
        found[kernel_address(task)] = u32(task.parent.pid)
    return 0


@kprobe("wake_up_new_task")
def probed(ctx: KprobeContext) -> int:
    task = kernel_pointer(Task, ctx.arg(0))
    if field_exists(Task.sched_reset_on_fork):
        found[u64(0)] = task.sched_reset_on_fork
    found[u64(1)] = u32(task.parent.pid)
    return 0
