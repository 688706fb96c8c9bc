"""Maps whose values are maps: user space exchanges whole maps while programs run."""

from __future__ import annotations

from typing import Any, Generic, TypeGuard, TypeVar, cast

from osmia.lang.integers import u32
from osmia.lang.maps import ArrayMap, HashMap, Map, PerCpuArray, PerCpuHashMap
from osmia.lang.runtime import current_runtime
from osmia.lang.spin_locks import locks_in
from osmia.lang.timers import timers_allowed
from osmia.uapi import MapType

__all__ = ["ArrayOfMaps", "HashOfMaps", "MapOfMaps", "is_map_of_maps"]

K = TypeVar("K")
M_co = TypeVar("M_co", bound=Map, covariant=True)

_INNER = (HashMap, PerCpuHashMap, ArrayMap, PerCpuArray)


class MapOfMaps(Map, Generic[K, M_co]):
    """Base of the maps of maps. `inner` declares what each map in it is like; it is none of them itself.

    A program looks a map up and uses it like any other; user space makes maps and puts them in:

        counts = HashOfMaps(u32, HashMap(be32, u64, max_entries=1024), max_entries=16)

        @xdp
        def count(ctx: XdpContext) -> XdpAction:
            per_address = counts.lookup(ctx.ingress_ifindex)
            if per_address is not None:
                per_address[address] += 1
            return XdpAction.PASS

        fresh = bpf[counts].create()
        bpf[counts][ifindex] = fresh
    """

    def __init__(self, key: type[Any], inner: M_co, max_entries: int) -> None:
        if not isinstance(inner, _INNER):
            kinds = "HashMap, LruHashMap, ArrayMap or one of these for each processor"
            raise TypeError(f"the maps in a map are a {kinds}, not a {type(inner).__name__}")
        # As for a map of which no value has a timer.
        if locks_in(inner.value_type) or not timers_allowed(self.map_type, inner.value_type):
            raise TypeError("the values of the maps in a map have no SpinLock and no Timer")
        super().__init__(key, u32, max_entries)
        self.inner: M_co = inner

    def lookup(self, key: K) -> M_co | None:
        """The map under a key, or None where there is none."""
        found = self._storage().lookup(self.encode_key(key))
        if found is None or not any(found):
            return None
        return cast("M_co", current_runtime().inner_map(u32.from_bytes(bytes(found))))


class HashOfMaps(MapOfMaps[K, M_co]):
    """BPF_MAP_TYPE_HASH_OF_MAPS: maps by any key. Since Linux 4.12."""

    map_type = MapType.HASH_OF_MAPS

    def __init__(self, key: type[K], inner: M_co, *, max_entries: int) -> None:
        super().__init__(key, inner, max_entries)


class ArrayOfMaps(MapOfMaps[u32 | int, M_co]):
    """BPF_MAP_TYPE_ARRAY_OF_MAPS: maps by index; places are empty at first. Since Linux 4.12.

    Two maps that take turns are read without a race: programs count in one while user space reads the other.
    """

    map_type = MapType.ARRAY_OF_MAPS

    def __init__(self, inner: M_co, *, max_entries: int) -> None:
        super().__init__(u32, inner, max_entries)


def is_map_of_maps(value: object) -> TypeGuard[MapOfMaps[Any, Map]]:
    """Whether a value is a map of maps."""
    return isinstance(value, MapOfMaps)
