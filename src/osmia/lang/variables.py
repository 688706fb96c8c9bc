"""Global variables: one place for all processors, read and set by programs and by user space."""

from __future__ import annotations

from typing import Any, Generic, TypeGuard, TypeVar, cast

from osmia.lang.integers import Integer
from osmia.lang.memory import Aggregate, decode, encode, fields_of
from osmia.lang.runtime import current_runtime
from osmia.lang.spin_locks import SpinLock, locks_in
from osmia.lang.timers import Timer

__all__ = ["Global", "is_global"]

V = TypeVar("V")


class Global(Generic[V]):
    """A global variable (`.data`, or `.bss` where it is zero at first); its first value is given here.

    An integer, bool, struct or array, in memory that all programs of an object share. User space has it as
    `bpf[packets].value`, live, for it maps the same memory (BPF_F_MMAPABLE, Linux 5.5):

        packets = Global(u64(0))

        @xdp
        def count(ctx: XdpContext) -> XdpAction:
            packets.value += 1
            return XdpAction.PASS

    `+=` and `-=` on 32 and 64 bits are one step (BPF_ATOMIC), so that no processor's addition is lost. All
    else that reads and then writes is two steps, between which another processor may come. A counter that
    many processors write often is faster in a `PerCpuArray`.
    """

    def __init__(self, initial: V) -> None:
        if not isinstance(initial, Integer | bool | Aggregate):
            raise TypeError(f"the first value of a Global has a width: write Global(u32({initial!r}))")
        if locks_in(type(initial)) or isinstance(initial, SpinLock):
            raise TypeError("a SpinLock lies in the value of a HashMap or ArrayMap, not in a Global")
        if fields_of(type(initial), Timer) or isinstance(initial, Timer):
            raise TypeError("a Timer lies in the value of a HashMap, LruHashMap or ArrayMap, not in a Global")
        self.type = cast("type[Any]", type(initial))
        """The memory type."""
        self.contents = encode(self.type, initial)
        """The first value, as bytes."""

    @property
    def value(self) -> V:
        """The value: an integer or bool as it is now, a struct or array in its place."""
        return cast("V", decode(self.type, current_runtime().variable(self)))

    @value.setter
    def value(self, value: V) -> None:
        current_runtime().variable(self)[:] = encode(self.type, value)

    def __repr__(self) -> str:
        return f"Global({self.type.__name__}, {self.contents.hex()})"


def is_global(value: object) -> TypeGuard[Global[Any]]:
    """Whether a value is a global variable."""
    return isinstance(value, Global)
