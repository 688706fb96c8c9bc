"""Maps as Python containers: a hash map is a mutable mapping, an array a mapping of its indices."""

from __future__ import annotations

import errno
import operator
from collections.abc import (
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    Sequence,
    ValuesView,
)
from typing import Generic, SupportsIndex, TypeVar

from osmia.errors import KernelError, MapFullError, UsageError
from osmia.loader.codec import BytesCodec, Codec, IntegerCodec, PerCpuCodec, PerCpuValues, per_cpu_size
from osmia.loader.map_contents import Contents, batches, contents
from osmia.loader.map_object import MapObject
from osmia.uapi import MapType, UpdateFlags

K = TypeVar("K")
V = TypeVar("V")
_ENOTSUPP = 524
_NO_BATCH = (errno.EINVAL, errno.EOPNOTSUPP, _ENOTSUPP)
_BATCH_ENTRIES = 4096
_HASHES = frozenset({MapType.HASH, MapType.LRU_HASH, MapType.LPM_TRIE})
_PER_CPU_HASHES = frozenset({MapType.PERCPU_HASH, MapType.LRU_PERCPU_HASH})


class _Handle(Generic[K, V]):
    """A map, and how its keys and values are written."""

    def __init__(
        self, map_object: MapObject, key: Codec[K], value: Codec[V], types: frozenset[MapType]
    ) -> None:
        spec = map_object.spec
        if spec.type not in types:
            raise UsageError(f"map {spec.name!r} is a {spec.type.name} map")
        value_size = spec.value_size
        if map_object.per_cpu:
            value_size = per_cpu_size(value_size, len(map_object.kernel.possible_cpus()))
        check_size(map_object, "key", key.size, spec.key_size)
        check_size(map_object, "value", value.size, value_size)
        self.map_object = map_object
        self._key = key
        self._value = value

    def _lookup(self, key: bytes) -> V | None:
        value = self.map_object.kernel.map_lookup(
            self.map_object.fileno(), key, self._value.size, self.map_object.lock_flag
        )
        return None if value is None else self._value.decode(value)

    def _update(self, key: bytes, value: bytes, flags: UpdateFlags) -> None:
        try:
            flags |= self.map_object.lock_flag
            self.map_object.kernel.map_update(self.map_object.fileno(), key, value, flags)
        except KernelError as error:
            raise self._explained(error) from None

    def _explained(self, error: KernelError) -> OSError:
        spec = self.map_object.spec
        # An LPM trie says ENOSPC, and a hash map ENOMEM where memory, not room, ran out.
        if error.errno in (errno.E2BIG, errno.ENOSPC):
            return MapFullError(
                errno.E2BIG, f"map {spec.name!r} is full: it has room for {spec.max_entries} entries"
            )
        if error.errno == errno.EPERM:
            return KernelError(errno.EPERM, f"map {spec.name!r} is read-only")
        return KernelError(error.errno, f"map {spec.name!r}: {error.strerror}")

    def contents(self) -> Contents:
        """All keys and values as bytes, to be read in columns."""
        return contents(self.map_object, self._value.size)

    def _pairs(self) -> Iterator[tuple[K, V]]:
        key_size, value_size = self._key.size, self._value.size
        decode_key, decode_value = self._key.decode, self._value.decode
        for part in batches(self.map_object, value_size):
            for number in range(part.count):
                key = part.keys[number * key_size : (number + 1) * key_size]
                value = part.values[number * value_size : (number + 1) * value_size]
                yield decode_key(key), decode_value(value)

    def __repr__(self) -> str:
        spec = self.map_object.spec
        return f"<{type(self).__name__} {spec.name!r}: {spec.type.name}, room for {spec.max_entries}>"


class _Items(ItemsView[K, V]):
    """Keys and values from one pass over the map, not from a look-up for each key."""

    def __init__(self, handle: Mapping[K, V], pairs: Iterable[tuple[K, V]]) -> None:
        super().__init__(handle)
        self._pairs = pairs

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return iter(self._pairs)


class _Pass(Generic[K, V]):
    """Starts a new pass over the map each time it is iterated."""

    def __init__(self, handle: _Handle[K, V]) -> None:
        self._handle = handle

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return self._handle._pairs()  # pyright: ignore[reportPrivateUsage]


class _Values(ValuesView[V]):
    """Values from one pass over the map."""

    def __init__(self, handle: Mapping[K, V], pairs: Iterable[tuple[K, V]]) -> None:
        super().__init__(handle)
        self._pairs = pairs

    def __iter__(self) -> Iterator[V]:
        return (value for _, value in self._pairs)


class HashMapHandle(_Handle[K, V], MutableMapping[K, V]):
    """A hash map, LRU hash map or LPM trie as a mapping.

    KeyError for a key that is not there, MapFullError where no room is left. `len` counts by reading the
    map once. An LPM trie answers a look-up with the longest prefix that holds the key, as in the kernel.
    """

    def __init__(self, map_object: MapObject, key: Codec[K], value: Codec[V]) -> None:
        super().__init__(map_object, key, value, _HASHES)

    def __getitem__(self, key: K) -> V:
        value = self._lookup(self._key.encode(key))
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        self._update(self._key.encode(key), self._value.encode(value), UpdateFlags.ANY)

    def __delitem__(self, key: K) -> None:
        if not self.map_object.kernel.map_delete(self.map_object.fileno(), self._key.encode(key)):
            raise KeyError(key)

    def __iter__(self) -> Iterator[K]:
        return (key for key, _ in self._pairs())

    def __len__(self) -> int:
        return sum(part.count for part in batches(self.map_object, self._value.size))

    def __contains__(self, key: object) -> bool:
        return self._contains(key)

    def _contains(self, key: object) -> bool:
        try:
            encoded = self._key.encode(key)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        except (TypeError, ValueError, AttributeError, UsageError):
            return False
        return self._lookup(encoded) is not None

    def keys(self) -> KeysView[K]:
        """The keys, in the kernel's order."""
        return KeysView(self)

    def items(self) -> ItemsView[K, V]:
        """Keys and values, by batch where the kernel has it."""
        return _Items(self, _Pass(self))

    def values(self) -> ValuesView[V]:
        """The values, by batch where the kernel has it."""
        return _Values(self, _Pass(self))

    def insert(self, key: K, value: V) -> bool:
        """Set a key that is not there yet; False where it is. No program comes in between."""
        try:
            self._update(self._key.encode(key), self._value.encode(value), UpdateFlags.NOEXIST)
        except KernelError as error:
            if error.errno == errno.EEXIST:
                return False
            raise
        return True

    def clear(self) -> None:
        """Remove all entries that are there now."""
        spec = self.map_object.spec
        keys = self.contents().keys
        count = len(keys) // spec.key_size
        done = 0
        while done < count:
            step = min(_BATCH_ENTRIES, count - done)
            part = keys[done * spec.key_size : (done + step) * spec.key_size]
            try:
                gone = self.map_object.kernel.map_delete_batch(self.map_object.fileno(), part, step)
            except KernelError as error:
                if error.errno not in _NO_BATCH:
                    raise
                self._delete_each(keys[done * spec.key_size :])
                return
            # A batch ends at a key that somebody else has deleted.
            done += gone if gone == step else gone + 1

    def _delete_each(self, keys: bytes) -> None:
        size = self.map_object.spec.key_size
        for start in range(0, len(keys), size):
            self.map_object.kernel.map_delete(self.map_object.fileno(), keys[start : start + size])

    def update_many(self, entries: Mapping[K, V]) -> None:
        """Set many entries, by batch where the kernel has it (Linux 5.6).

        Raises:
            MapFullError: no room is left; the entries before that are in the map.
        """
        encoded = [(self._key.encode(key), self._value.encode(value)) for key, value in entries.items()]
        for start in range(0, len(encoded), _BATCH_ENTRIES):
            self._update_batch(encoded[start : start + _BATCH_ENTRIES])

    def _update_batch(self, entries: Sequence[tuple[bytes, bytes]]) -> None:
        try:
            self.map_object.kernel.map_update_batch(
                self.map_object.fileno(),
                b"".join(key for key, _ in entries),
                b"".join(value for _, value in entries),
                len(entries),
            )
        except KernelError as error:
            if error.errno not in _NO_BATCH:
                raise self._explained(error) from None
            for key, value in entries:
                self._update(key, value, UpdateFlags.ANY)


class PerCpuHashMapHandle(HashMapHandle[K, PerCpuValues[V]]):
    """A hash map with a value for each key and possible CPU."""

    def __init__(self, map_object: MapObject, key: Codec[K], value: Codec[V]) -> None:
        check_size(map_object, "value", value.size, map_object.spec.value_size)
        codec = PerCpuCodec(value, len(map_object.kernel.possible_cpus()))
        _Handle.__init__(self, map_object, key, codec, _PER_CPU_HASHES)  # pyright: ignore[reportUnknownMemberType]

    def __setitem__(self, key: K, value: Sequence[V]) -> None:
        super().__setitem__(key, PerCpuValues(value))


class _ArrayBase(_Handle[int, V], Mapping[int, V]):
    """What arrays have in common: all indices are there from the start."""

    def _index(self, key: SupportsIndex) -> int:
        index = operator.index(key)
        if not 0 <= index < self.map_object.spec.max_entries:
            raise KeyError(index)
        return index

    def __getitem__(self, key: SupportsIndex) -> V:
        value = self._lookup(self._index(key).to_bytes(4, "little"))
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, SupportsIndex) and 0 <= operator.index(key) < len(self)

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.map_object.spec.max_entries))

    def __len__(self) -> int:
        return self.map_object.spec.max_entries

    def items(self) -> ItemsView[int, V]:
        """Indices and values, by batch where the kernel has it."""
        return _Items(self, _Pass(self))

    def values(self) -> ValuesView[V]:
        """The values, by batch where the kernel has it."""
        return _Values(self, _Pass(self))


class ArrayHandle(_ArrayBase[V]):
    """An array; KeyError for an index outside of it."""

    def __init__(self, map_object: MapObject, value: Codec[V]) -> None:
        super().__init__(map_object, IntegerCodec(4), value, frozenset({MapType.ARRAY}))

    def __setitem__(self, key: SupportsIndex, value: V) -> None:
        self._update(self._index(key).to_bytes(4, "little"), self._value.encode(value), UpdateFlags.ANY)


class PerCpuArrayHandle(_ArrayBase[PerCpuValues[V]]):
    """An array with a value for each index and possible CPU."""

    def __init__(self, map_object: MapObject, value: Codec[V]) -> None:
        check_size(map_object, "value", value.size, map_object.spec.value_size)
        codec = PerCpuCodec(value, len(map_object.kernel.possible_cpus()))
        super().__init__(map_object, IntegerCodec(4), codec, frozenset({MapType.PERCPU_ARRAY}))

    def __setitem__(self, key: SupportsIndex, value: Sequence[V]) -> None:
        index = self._index(key).to_bytes(4, "little")
        self._update(index, self._value.encode(PerCpuValues(value)), UpdateFlags.ANY)


def check_size(map_object: MapObject, what: str, given: int, expected: int) -> None:
    """Refuse a codec whose size is not the map's.

    Raises:
        UsageError: with both sizes.
    """
    if given != expected:
        raise UsageError(f"the {what} of map {map_object.name!r} has {expected} bytes, not {given}")


def bytes_handle(
    map_object: MapObject,
) -> (
    HashMapHandle[bytes, bytes]
    | PerCpuHashMapHandle[bytes, bytes]
    | ArrayHandle[bytes]
    | PerCpuArrayHandle[bytes]
):
    """The handle for a map whose types are not known: keys and values are bytes.

    Raises:
        UsageError: a map that is no table, such as a ring buffer.
    """
    spec = map_object.spec
    key, value = BytesCodec(spec.key_size), BytesCodec(spec.value_size)
    if spec.type in _HASHES:
        return HashMapHandle(map_object, key, value)
    if spec.type in _PER_CPU_HASHES:
        return PerCpuHashMapHandle(map_object, key, value)
    if spec.type == MapType.ARRAY:
        return ArrayHandle(map_object, value)
    if spec.type == MapType.PERCPU_ARRAY:
        return PerCpuArrayHandle(map_object, value)
    raise UsageError(f"map {spec.name!r} is a {spec.type.name} map, which has no entries to read")
