"""The user side of simulated maps of maps."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, MutableMapping
from errno import E2BIG
from typing import Any, TypeVar, cast

from osmia.errors import MapFullError, UsageError
from osmia.lang import Map, u32
from osmia.lang.map_of_maps import MapOfMaps
from osmia.lang.memory import MemoryCodec
from osmia.lang.runtime import UpdateFlags
from osmia.simulator.kernel import SimulatedKernel

__all__ = ["SimulatedMapOfMaps"]

K = TypeVar("K")


class SimulatedMapOfMaps(MutableMapping[K, object]):
    """Maps by key; `typed` makes the handle of one."""

    def __init__(self, kernel: SimulatedKernel, declaration: Map, typed: Callable[[Map], object]) -> None:
        self._kernel = kernel
        self._declaration = cast("MapOfMaps[K, Map]", declaration)
        self._entries = kernel.entries(declaration)
        self._keys: MemoryCodec[K] = MemoryCodec(cast("type[K]", declaration.key_type))
        self._typed = typed

    def create(self) -> object:
        """A new map of the kind that this map holds, empty and not yet in it."""
        made = copy.copy(self._declaration.inner)
        handle = self._typed(made)
        self._kernel.keep_inner(made, handle)
        return handle

    def __getitem__(self, key: K) -> object:
        number = self._number(key)
        if not number:
            raise KeyError(key)
        return self._kernel.inner_handle(number)

    def __setitem__(self, key: K, inner: object) -> None:
        number = self._kernel.inner_number(inner)
        found = None if number is None else self._kernel.inner_map(u32(number))
        if number is None or not _alike(found, self._declaration.inner):
            raise UsageError(f"{inner!r} cannot stand in {self._declaration}", "make one with `create()`")
        with self._kernel.lock:
            value = number.to_bytes(4, "little")
            error = self._entries.store(self._keys.encode(key), (value,), UpdateFlags.ANY)
        if error:
            raise MapFullError(E2BIG, f"{self._declaration} has no room for {key}")

    def __delitem__(self, key: K) -> None:
        if not self._number(key):
            raise KeyError(key)
        with self._kernel.lock:
            # An array keeps all its places.
            if self._entries.delete(self._keys.encode(key)):
                self._entries.store(self._keys.encode(key), (bytes(4),), UpdateFlags.ANY)

    def __contains__(self, key: object) -> bool:
        try:
            return bool(self._number(cast("K", key)))
        except (TypeError, OverflowError):
            return False

    def __iter__(self) -> Iterator[K]:
        with self._kernel.lock:
            present = self._entries.keys()
        found = [self._keys.decode(key) for key in present]
        return (key for key in found if self._number(key))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _number(self, key: K) -> int:
        with self._kernel.lock:
            slots = self._entries.find(self._keys.encode(key))
            return 0 if slots is None else int.from_bytes(slots[0], "little")


def _alike(found: Map | None, inner: Map) -> bool:
    def facts(each: Map) -> tuple[Any, ...]:
        return each.map_type, each.key_size, each.value_size, each.flags

    return found is not None and facts(found) == facts(inner)
