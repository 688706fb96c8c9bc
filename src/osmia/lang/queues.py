"""Maps without keys: queues, stacks and Bloom filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeGuard, TypeVar, cast, overload

from osmia.lang.integers import Integer
from osmia.lang.maps import IntegerValued, Map
from osmia.lang.memory import Aggregate, encode
from osmia.lang.pointers import Pointer
from osmia.lang.runtime import UpdateFlags
from osmia.uapi import MapType

__all__ = ["BloomFilter", "KeylessMap", "Queue", "Stack", "is_bloom_filter"]

V = TypeVar("V")
I_co = TypeVar("I_co", bound=Integer | bool, covariant=True)


class KeylessMap(Map, Generic[V]):
    """Base of the maps whose values have no key."""

    if TYPE_CHECKING:

        def _value_type(self) -> tuple[V, V]: ...

    def __init__(self, value: type[V], *, max_entries: int) -> None:
        super().__init__(None, value, max_entries)

    def _push(self, value: V) -> bool:
        data = encode(cast("type[Any]", self.value_type), value)
        return self._storage().update(b"", data, UpdateFlags.ANY) == 0


class Queue(KeylessMap[V]):
    """BPF_MAP_TYPE_QUEUE: values that leave in the order in which they came. Since Linux 4.20.

    waiting = Queue(Job, max_entries=128)
    waiting.push(Job(number=u32(1)))
    job = waiting.pop()
    if job is not None: ...
    """

    map_type = MapType.QUEUE

    def push(self, value: V) -> bool:
        """Add a value; False where there is no room."""
        return self._push(value)

    @overload
    def pop(self: IntegerValued[I_co]) -> Pointer[I_co] | None: ...
    @overload
    def pop(self) -> V | None: ...
    def pop(self) -> object:
        """Take the next value, a copy; None where there is none."""
        found = cast("Queue[Any]", self).peek()
        if found is not None:
            cast("Queue[Any]", self)._storage().delete(b"")
        return found

    @overload
    def peek(self: IntegerValued[I_co]) -> Pointer[I_co] | None: ...
    @overload
    def peek(self) -> V | None: ...
    def peek(self) -> object:
        """The next value, a copy, which stays; otherwise as `pop`."""
        me = cast("Queue[Any]", self)
        buffer = me._storage().lookup(b"")
        if buffer is None:
            return None
        value_type = cast("type[Any]", me.value_type)
        copy = bytearray(buffer)
        return value_type.view(copy) if issubclass(value_type, Aggregate) else Pointer(value_type, copy)


class Stack(Queue[V]):
    """BPF_MAP_TYPE_STACK: as `Queue`; the value that came last leaves first. Since Linux 4.20."""

    map_type = MapType.STACK


class BloomFilter(KeylessMap[V]):
    """BPF_MAP_TYPE_BLOOM_FILTER: whether a value may have been added before. Since Linux 5.16.

    `value in filter` is never False for a value that was added, and sometimes True for one that was not. In
    plain Python it is exact.
    """

    map_type = MapType.BLOOM_FILTER

    def add(self, value: V) -> bool:
        """Add a value; nothing can be taken out."""
        return self._push(value)

    def __contains__(self, value: V) -> bool:
        data = encode(cast("type[Any]", self.value_type), value)
        return self._storage().lookup(data) is not None


def is_bloom_filter(value: object) -> TypeGuard[BloomFilter[Any]]:
    """Whether a value is a Bloom filter."""
    return isinstance(value, BloomFilter)
