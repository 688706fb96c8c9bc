"""Values that belong to kernel objects, and maps that stand in maps."""

from osmia import (
    ArrayMap,
    ArrayOfMaps,
    BtfTracepointContext,
    KernelStruct,
    SocketStorage,
    SockOpsContext,
    TaskStorage,
    XdpAction,
    XdpContext,
    btf_tracepoint,
    current_task,
    i32,
    sock_ops,
    u32,
    u64,
    xdp,
)


class TaskStruct(KernelStruct, name="task_struct"):
    pid: i32


per_task = TaskStorage(u64)
per_socket = SocketStorage(u64)
halves = ArrayOfMaps(ArrayMap(u64, max_entries=4), max_entries=2)


@btf_tracepoint("sched_switch")
def kept_for_tasks(ctx: BtfTracepointContext, preempt: bool, previous: TaskStruct) -> int:
    value = per_task.lookup_or_create(previous)
    if value is not None:
        value.value += 1
    per_task.delete(current_task(TaskStruct))
    return 0


@sock_ops
def kept_for_sockets(ctx: SockOpsContext) -> int:
    value = per_socket.lookup(ctx)
    if value is not None:
        value.value += 1
    return 1


@xdp
def found_in_maps(ctx: XdpContext) -> XdpAction:
    half = halves.lookup(1)
    if half is None:
        return XdpAction.DROP
    half[u32(3)] += 1
    return XdpAction.PASS
