"""Queues, stacks and Bloom filters from user space."""

from __future__ import annotations

import errno
from typing import Generic, TypeVar

from osmia.errors import KernelError, MapFullError, UsageError
from osmia.loader.codec import Codec
from osmia.loader.map_object import MapObject
from osmia.uapi import MapType

V = TypeVar("V")


class _Keyless(Generic[V]):
    """A map of values without keys."""

    def __init__(self, map_object: MapObject, value: Codec[V], types: frozenset[MapType]) -> None:
        spec = map_object.spec
        if spec.type not in types:
            raise UsageError(f"map {spec.name!r} is a {spec.type.name} map")
        if value.size != spec.value_size:
            raise UsageError(f"the value of map {spec.name!r} has {spec.value_size} bytes, not {value.size}")
        self.map_object = map_object
        self._value = value

    def _add(self, value: V) -> None:
        spec = self.map_object.spec
        try:
            self.map_object.kernel.map_update(self.map_object.fileno(), None, self._value.encode(value))
        except KernelError as error:
            if error.errno != errno.E2BIG:
                raise
            raise MapFullError(
                errno.E2BIG, f"map {spec.name!r} is full: it has room for {spec.max_entries} entries"
            ) from None


class QueueHandle(_Keyless[V]):
    """A queue or stack (Linux 4.20)."""

    def __init__(self, map_object: MapObject, value: Codec[V]) -> None:
        super().__init__(map_object, value, frozenset({MapType.QUEUE, MapType.STACK}))

    def push(self, value: V) -> None:
        """Add a value.

        Raises:
            MapFullError: there is no room.
        """
        self._add(value)

    def pop(self) -> V | None:
        """Take the value that leaves next; None where there is none."""
        kernel = self.map_object.kernel
        found = kernel.map_take(self.map_object.fileno(), None, self._value.size)
        return None if found is None else self._value.decode(found)

    def peek(self) -> V | None:
        """The value that leaves next, which stays; None where there is none."""
        kernel = self.map_object.kernel
        found = kernel.map_lookup(self.map_object.fileno(), None, self._value.size)
        return None if found is None else self._value.decode(found)


class BloomFilterHandle(_Keyless[V]):
    """A Bloom filter (Linux 5.16)."""

    def __init__(self, map_object: MapObject, value: Codec[V]) -> None:
        super().__init__(map_object, value, frozenset({MapType.BLOOM_FILTER}))

    def add(self, value: V) -> None:
        """Add a value; nothing can be taken out."""
        self._add(value)

    def __contains__(self, value: V) -> bool:
        """Whether a value may have been added before."""
        return self.map_object.kernel.map_holds(self.map_object.fileno(), self._value.encode(value))
