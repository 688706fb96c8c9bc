"""Events that found no room in a ring buffer, as the compiled programs count them: the kernel does not."""

from __future__ import annotations

from collections.abc import Callable

from osmia.loader.codec import IntegerCodec
from osmia.loader.loading import LoadedObject
from osmia.loader.log import MAP as LOG
from osmia.loader.map_object import MapObject
from osmia.loader.maps import PerCpuArrayHandle
from osmia.uapi import MapType

LOST_EVENTS = "osmia_lost"
"""The map of the counters: a per-CPU array of u64, one for each ring buffer, by the order of their names."""


def lost_counter(loaded: LoadedObject, ring: MapObject) -> Callable[[], int]:
    """What counts the lost events of a ring buffer; always 0 in an object without counters."""
    counters = loaded.maps.get(LOST_EVENTS)
    names = (name for name, each in loaded.maps.items() if each.spec.type == MapType.RINGBUF)
    # The log's own ring comes last: whether there is one shows only when all programs are compiled.
    rings = sorted(names, key=lambda name: (name == LOG, name))
    index = rings.index(ring.name)
    if (
        counters is None
        or counters.spec.type != MapType.PERCPU_ARRAY
        or counters.spec.value_size != 8
        or index >= counters.spec.max_entries
    ):
        return int
    handle = PerCpuArrayHandle(counters, IntegerCodec(8))

    def count() -> int:
        return handle[index].sum()

    return count
