"""Reading a whole map: by batch where the kernel has it, else key by key; always bounded."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from osmia.dataclass import dataclass
from osmia.errors import KernelError
from osmia.loader.map_object import MapObject
from osmia.uapi import MapType

_ENOTSUPP = 524
_NO_BATCH = (errno.EINVAL, errno.EOPNOTSUPP, _ENOTSUPP, errno.EPERM)
_FIRST_COUNT = 4096
_BATCH_BYTES = 8 << 20
_ARRAYS = (MapType.ARRAY, MapType.PERCPU_ARRAY)


@dataclass(frozen=True)
class Contents:
    """Keys and values of a map, `count` of each, one behind the other."""

    keys: bytes
    values: bytes
    count: int


def contents(map_object: MapObject, value_size: int) -> Contents:
    """The whole map.

    What programs change meanwhile may or may not be seen; what they leave alone is in it once. Since
    Linux 5.6 by batch, before that key by key, where deletions by programs may hide entries.
    """
    parts = list(batches(map_object, value_size))
    return Contents(
        b"".join(part.keys for part in parts),
        b"".join(part.values for part in parts),
        sum(part.count for part in parts),
    )


def batches(map_object: MapObject, value_size: int) -> Iterator[Contents]:
    """The whole map, in pieces."""
    try:
        yield from _by_batch(map_object, value_size)
    except _NoBatchesError:
        yield from _by_key(map_object, value_size)


class _NoBatchesError(Exception):
    """The first batch was refused: this kernel, or this type of map, has none."""


def _by_batch(map_object: MapObject, value_size: int) -> Iterator[Contents]:
    spec = map_object.spec
    entry = spec.key_size + value_size
    count = max(1, min(spec.max_entries, _FIRST_COUNT, _BATCH_BYTES // entry))
    cursor: bytes | None = None
    left = _most_entries(map_object)
    started = False
    while left > 0:
        try:
            batch = map_object.kernel.map_lookup_batch(
                map_object.fileno(), cursor, count, spec.key_size, value_size, map_object.lock_flag
            )
        except KernelError as error:
            # A bucket of the hash table holds more entries than were asked for.
            if error.errno == errno.ENOSPC and count < spec.max_entries:
                count = min(2 * count, spec.max_entries)
                continue
            if not started and error.errno in _NO_BATCH:
                raise _NoBatchesError from None
            raise
        started = True
        left -= max(batch.count, 1)
        if batch.count:
            yield Contents(batch.keys, batch.values, batch.count)
        if batch.cursor is None:
            return
        cursor = batch.cursor


def _by_key(map_object: MapObject, value_size: int) -> Iterator[Contents]:
    for key in keys(map_object):
        value = map_object.kernel.map_lookup(map_object.fileno(), key, value_size, map_object.lock_flag)
        if value is not None:
            yield Contents(key, value, 1)


def keys(map_object: MapObject) -> Iterator[bytes]:
    """All keys, each once, with one system call for each."""
    spec = map_object.spec
    seen: set[bytes] = set()
    key: bytes | None = None
    for _ in range(_most_entries(map_object)):
        # The kernel starts again at the first key where the one asked for was deleted meanwhile.
        key = map_object.kernel.map_next_key(map_object.fileno(), key, spec.key_size)
        if key is None:
            return
        if key not in seen:
            seen.add(key)
            yield key


def _most_entries(map_object: MapObject) -> int:
    """After so many entries a walk ends, even if programs insert and delete all the time."""
    spec = map_object.spec
    return spec.max_entries if spec.type in _ARRAYS else 2 * spec.max_entries + 64
