"""Local storage: a value that belongs to an object of the kernel, and goes when the object does."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast, overload

from osmia.lang.contexts import TcContext
from osmia.lang.fields import RecordContext
from osmia.lang.integers import Integer, i32, u64
from osmia.lang.kernel_structs import KernelStruct, kernel_address, simulated_struct
from osmia.lang.maps import IntegerValued, Map
from osmia.lang.memory import Aggregate
from osmia.lang.pointers import Pointer
from osmia.lang.runtime import UpdateFlags, current_context
from osmia.lang.tracing import TaskContext
from osmia.uapi import MapFlags, MapType

__all__ = [
    "CgroupStorage",
    "InodeStorage",
    "LocalStorage",
    "SocketStorage",
    "TaskStorage",
    "current_task",
]

V = TypeVar("V")
I_co = TypeVar("I_co", bound=Integer | bool, covariant=True)
S = TypeVar("S", bound=KernelStruct)

Owner = KernelStruct | RecordContext | TcContext
"""What can own a value: a struct of the kernel, or a context that has a socket."""

_numbers = itertools.count(1)
_TASKS = 0xFFFF_8881_0000_0000


class LocalStorage(Map, Generic[V]):
    """Base of the local storages: each object of the kernel has at most one value in each of them.

    The kernel keeps it with the object: no key is looked for, nothing is full, nothing stays behind. The
    owner is a typed pointer, such as a parameter of a BTF tracepoint; one that came through
    `kernel_pointer` is only an address, and the verifier does not take it.
    """

    owners: ClassVar[tuple[str, ...]]
    """The kernel's names of the structs that can own a value."""

    if TYPE_CHECKING:

        def _value_type(self) -> tuple[V, V]: ...

    def __init__(self, value: type[V]) -> None:
        super().__init__(i32, value, 1, MapFlags.NO_PREALLOC)
        self.max_entries = 0

    @overload
    def lookup(self: IntegerValued[I_co], owner: Owner) -> Pointer[I_co] | None: ...
    @overload
    def lookup(self, owner: Owner) -> V | None: ...
    def lookup(self, owner: Owner) -> object:
        """The owner's value in place, or None where it has none."""
        me = cast("LocalStorage[Any]", self)
        buffer = me._storage().lookup(owner_key(owner))
        if buffer is None:
            return None
        value_type = cast("type[Any]", me.value_type)
        return value_type.view(buffer) if issubclass(value_type, Aggregate) else Pointer(value_type, buffer)

    @overload
    def lookup_or_create(self: IntegerValued[I_co], owner: Owner) -> Pointer[I_co] | None: ...
    @overload
    def lookup_or_create(self, owner: Owner) -> V | None: ...
    def lookup_or_create(self, owner: Owner) -> object:
        """The owner's value in place, made of zeros at first.

        None where there is no memory, or the owner is on its way out.
        """
        me = cast("LocalStorage[Any]", self)
        if not isinstance(owner, KernelStruct) or owner:
            me._storage().update(owner_key(owner), bytes(me.value_size), UpdateFlags.NOEXIST)
        return me.lookup(owner)

    def delete(self, owner: Owner) -> bool:
        """Give up the owner's value; False where it has none."""
        return self._storage().delete(owner_key(owner)) == 0


class TaskStorage(LocalStorage[V]):
    """BPF_MAP_TYPE_TASK_STORAGE: a value for each thread (`struct task_struct`). Since Linux 5.11.

        waits = TaskStorage(Wait)

        @btf_tracepoint("sched_switch")
        def switched(ctx: BtfTracepointContext, preempt: bool, previous: TaskStruct, next: TaskStruct) -> int:
            wait = waits.lookup_or_create(previous)
            if wait is not None:
                wait.since = ktime_get_ns()
            return 0

    User space names a thread by a pidfd: `bpf[waits][os.pidfd_open(pid)]`.
    """

    map_type = MapType.TASK_STORAGE
    owners = ("task_struct",)


class InodeStorage(LocalStorage[V]):
    """BPF_MAP_TYPE_INODE_STORAGE: a value for each file (`struct inode`), for LSM programs. Since Linux 5.10.

    User space names a file by an open descriptor of it.
    """

    map_type = MapType.INODE_STORAGE
    owners = ("inode",)


class SocketStorage(LocalStorage[V]):
    """BPF_MAP_TYPE_SK_STORAGE: a value for each socket. Since Linux 5.2.

    Where the program's context has a socket, the context stands for it: `connections.lookup(ctx)` in
    `@sock_ops`, `@sk_msg` and the programs at control groups; Linux 5.8, in tracing programs 5.11. User
    space names a socket by the socket object. A simulated context stands for a socket of its own.
    """

    map_type = MapType.SK_STORAGE
    owners = ("sock", "sock_common", "inet_sock", "tcp_sock", "udp_sock")


class CgroupStorage(LocalStorage[V]):
    """BPF_MAP_TYPE_CGRP_STORAGE: a value for each control group (`struct cgroup`). Since Linux 6.2.

    User space names a group by an open descriptor of its folder.
    """

    map_type = MapType.CGRP_STORAGE
    owners = ("cgroup",)


def owner_key(owner: Owner) -> bytes:
    """Which owner it is, in a simulation."""
    if isinstance(owner, KernelStruct):
        return kernel_address(owner).to_bytes()
    number = vars(owner).setdefault("_owner_number", next(_numbers))
    return u64(number).to_bytes()


def current_task(struct: type[S]) -> S:
    """The task that runs, as a typed pointer (bpf_get_current_task_btf, Linux 5.11; a licence of the GPL).

    `struct` is a class of `struct task_struct`. In simulation its fields `pid`, `tgid` and `comm`, where it
    declares them, are those of the context.
    """
    context = current_context()
    task = context if isinstance(context, TaskContext) else TaskContext()
    given: dict[str, Any] = {"pid": i32(int(task.tid)), "tgid": i32(int(task.pid)), "comm": task.comm}
    fields = {name: value for name, value in given.items() if name in struct.kernel_fields()}
    return simulated_struct(struct, _TASKS + int(task.tid) * 0x1000, **fields)
