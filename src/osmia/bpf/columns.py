"""A whole map as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from osmia.errors import UsageError
from osmia.lang import Map
from osmia.lang.memory import dtype_of
from osmia.loader import MapObject
from osmia.loader.codec import per_cpu_size
from osmia.loader.map_contents import contents
from osmia.uapi import MapType

if TYPE_CHECKING:
    import numpy

__all__ = ["columns"]

_PLAIN = frozenset({MapType.HASH, MapType.LRU_HASH, MapType.ARRAY})
_PER_CPU = frozenset({MapType.PERCPU_HASH, MapType.LRU_PERCPU_HASH, MapType.PERCPU_ARRAY})


def columns(declaration: Map, created: MapObject) -> numpy.ndarray[Any, Any]:
    """A structured array with the fields `key` and `value`, one row for each entry.

    A per-CPU value has a second dimension, by processor.

    Raises:
        UsageError: a map without entries, or a trie.
    """
    import numpy

    if created.spec.type not in _PLAIN | _PER_CPU:
        raise UsageError(f"{declaration} cannot be read in columns", "iterate over it")
    key = dtype_of(cast("type[Any]", declaration.key_type))
    value = dtype_of(cast("type[Any]", declaration.value_type))
    if created.spec.type in _PLAIN:
        read = contents(created, value.itemsize)
        row = numpy.dtype([("key", key), ("value", value)])
        values = numpy.frombuffer(read.values, value, read.count)
    else:
        processors = len(created.kernel.possible_cpus())
        read = contents(created, per_cpu_size(value.itemsize, processors))
        stride = per_cpu_size(value.itemsize, 1)
        padded = numpy.dtype({"names": ["v"], "formats": [value], "offsets": [0], "itemsize": stride})
        row = numpy.dtype([("key", key), ("value", value, (processors,))])
        every = numpy.frombuffer(read.values, padded, read.count * processors)["v"]
        values = every.reshape((read.count, processors, *every.shape[1:]))
    table = numpy.empty(read.count, row)
    table["key"] = numpy.frombuffer(read.keys, key, read.count)
    table["value"] = values
    return table
