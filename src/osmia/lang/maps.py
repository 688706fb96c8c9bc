"""Maps as kernel functions see them: declarations, inert until a program that uses them is loaded.

In kernel code `m[k]` is only ever a target (`m[k] = v`, `m[k] += n`, `del m[k]`); a value is
read through `m.lookup(k)`, which may be None. User space reads and writes through `bpf[m]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, cast, overload

from osmia.lang.integers import Integer, be32, be64, u32
from osmia.lang.memory import Aggregate, decode, encode, size_of
from osmia.lang.pointers import Pointer
from osmia.lang.runtime import MapStorage, current_runtime
from osmia.lang.spin_locks import locks_in
from osmia.lang.timers import timers_allowed
from osmia.uapi import MapType, UpdateFlags

__all__ = [
    "ArrayMap",
    "HashMap",
    "LpmTrie",
    "LruHashMap",
    "LruPerCpuHashMap",
    "Map",
    "PerCpuArray",
    "PerCpuHashMap",
]

K = TypeVar("K")
V = TypeVar("V")
I_co = TypeVar("I_co", bound=Integer | bool, covariant=True)


class Map:
    """Base of all map declarations: types, sizes and flags as the kernel will get them."""

    map_type: MapType
    per_cpu: ClassVar[bool] = False

    def __init__(
        self, key: type[Any] | None, value: type[Any] | None, max_entries: int, flags: int = 0
    ) -> None:
        if max_entries < 1:
            raise ValueError(f"max_entries must be at least 1, not {max_entries}")
        for memory_type in (key, value):
            if memory_type is not None:
                size_of(memory_type)
        locks = locks_in(value)
        if locks < 0 or locks > 1 or (locks and self.map_type not in (MapType.HASH, MapType.ARRAY)):
            raise TypeError("a SpinLock is the only one of its struct, the value of a HashMap or ArrayMap")
        if not timers_allowed(self.map_type, value):
            raise TypeError(
                "a Timer is the only one of its struct, the value of a HashMap, LruHashMap or ArrayMap"
            )
        self.key_type = key
        self.value_type = value
        self.max_entries = max_entries
        self.flags = flags

    @property
    def key_size(self) -> int:
        """Size of a key in bytes, as the kernel counts it."""
        return 0 if self.key_type is None else size_of(self.key_type)

    @property
    def value_size(self) -> int:
        """Size of one value in bytes."""
        return 0 if self.value_type is None else size_of(self.value_type)

    def encode_key(self, key: Any) -> bytes:
        """The bytes of a key that a kernel function gives."""
        return encode(cast("type[Any]", self.key_type), key)

    @property
    def companions(self) -> Mapping[str, Map]:
        """Maps that come with this one, by what is added to its name."""
        return {}

    def _storage(self) -> MapStorage:
        return current_runtime().storage(self)

    def __repr__(self) -> str:
        types = ", ".join(t.__name__ for t in (self.key_type, self.value_type) if t is not None)
        return f"{type(self).__name__}({types}, max_entries={self.max_entries})"


class IntegerValued(Protocol[I_co]):
    """A map of integers, for the type checkers only.

    It stands for `_KeyedMap[K, I]`, in which mypy overlooks the bound of `I` when it is the type of `self`.
    """

    def _value_type(self) -> tuple[I_co, Integer | bool]: ...


class _KeyedMap(Map, Generic[K, V]):
    """What maps with keys have in common."""

    if TYPE_CHECKING:

        def _value_type(self) -> tuple[V, V]: ...

    @overload
    def lookup(self: IntegerValued[I_co], key: K) -> Pointer[I_co] | None: ...
    @overload
    def lookup(self, key: K) -> V | None: ...
    def lookup(self, key: K) -> object:
        """The value in place, or None where the key is absent: a `Pointer` to an integer, a struct itself."""
        buffer = self._storage().lookup(self.encode_key(key))
        if buffer is None:
            return None
        value_type = cast("type[Any]", self.value_type)
        if issubclass(value_type, Aggregate):
            return value_type.view(buffer)
        return Pointer(value_type, buffer)

    @overload
    def items(self: IntegerValued[I_co]) -> Iterator[tuple[K, Pointer[I_co]]]: ...
    @overload
    def items(self) -> Iterator[tuple[K, V]]: ...
    def items(self) -> Iterator[tuple[Any, Any]]:
        """All entries, for `for key, value in m.items():` (bpf_for_each_map_elem, Linux 5.13).

        Keys are copies; values are in place, as from `lookup`. In no order. Not for an `LpmTrie`.
        """
        value_type, key_type = cast("type[Any]", self.value_type), cast("type[Any]", self.key_type)
        for key, buffer in self._storage().entries():
            aggregate = issubclass(value_type, Aggregate)
            value = value_type.view(buffer) if aggregate else Pointer(value_type, buffer)
            yield decode(key_type, key), value

    def insert(self, key: K, value: V) -> bool:
        """Insert where the key is absent; False where it is there already or the map is full."""
        return self._update(key, value, UpdateFlags.NOEXIST) == 0

    def _update(self, key: K, value: V, flags: UpdateFlags) -> int:
        value_bytes = encode(cast("type[Any]", self.value_type), value)
        return self._storage().update(self.encode_key(key), value_bytes, flags)

    def __contains__(self, key: K) -> bool:
        return self._storage().lookup(self.encode_key(key)) is not None

    def __getitem__(self, key: K) -> V:
        """The left side of `m[k] += n`; zero where the key is absent. Reading it is a compile error."""
        value_type = cast("type[Any]", self.value_type)
        buffer = self._storage().lookup(self.encode_key(key))
        return cast("V", decode(value_type, bytes(self.value_size) if buffer is None else bytes(buffer)))

    def __setitem__(self, key: K, value: V) -> None:
        """Insert or replace; a full map keeps what it has."""
        self._update(key, value, UpdateFlags.ANY)

    def __delitem__(self, key: K) -> None:
        """Remove the key; no error where it is absent."""
        self._storage().delete(self.encode_key(key))


class HashMap(_KeyedMap[K, V]):
    """BPF_MAP_TYPE_HASH: a value for each key, one for all processors. Since Linux 3.19.

    `m[k] += n` is atomic and also counts the first occurrence of a key.
    """

    map_type = MapType.HASH

    def __init__(self, key: type[K], value: type[V], *, max_entries: int, flags: int = 0) -> None:
        super().__init__(key, value, max_entries, flags)


class LruHashMap(HashMap[K, V]):
    """BPF_MAP_TYPE_LRU_HASH: as `HashMap`; a full map gives up what was used least. Since Linux 4.10."""

    map_type = MapType.LRU_HASH


class PerCpuHashMap(_KeyedMap[K, V]):
    """BPF_MAP_TYPE_PERCPU_HASH: as `HashMap`, with a value for each processor. Since Linux 4.6."""

    map_type = MapType.PERCPU_HASH
    per_cpu = True

    def __init__(self, key: type[K], value: type[V], *, max_entries: int, flags: int = 0) -> None:
        super().__init__(key, value, max_entries, flags)


class LruPerCpuHashMap(PerCpuHashMap[K, V]):
    """BPF_MAP_TYPE_LRU_PERCPU_HASH: as `LruHashMap`, with a value for each processor. Since Linux 4.10."""

    map_type = MapType.LRU_PERCPU_HASH
    per_cpu = True


class ArrayMap(_KeyedMap[u32 | int, V]):
    """BPF_MAP_TYPE_ARRAY: `max_entries` values, zero at first; the key is an index. Since Linux 3.19."""

    map_type = MapType.ARRAY

    def __init__(self, value: type[V], *, max_entries: int, flags: int = 0) -> None:
        super().__init__(u32, value, max_entries, flags)


class PerCpuArray(_KeyedMap[u32 | int, V]):
    """BPF_MAP_TYPE_PERCPU_ARRAY: as `ArrayMap`, with a value for each processor. Since Linux 4.6."""

    map_type = MapType.PERCPU_ARRAY
    per_cpu = True

    def __init__(self, value: type[V], *, max_entries: int, flags: int = 0) -> None:
        super().__init__(u32, value, max_entries, flags)


class LpmTrie(_KeyedMap[K, V]):
    """BPF_MAP_TYPE_LPM_TRIE: values for address prefixes; a look-up finds the longest. Since Linux 4.11.

    `K` is an address in network byte order. User space has prefixes as keys:
    `bpf[m][IPv4Address("10.0.0.0"), 8]`.
    """

    map_type = MapType.LPM_TRIE
    BPF_F_NO_PREALLOC: ClassVar[int] = 1

    def __init__(self, key: type[K], value: type[V], *, max_entries: int) -> None:
        if issubclass(key, Integer) and key not in (be32, be64) and key.byte_order != "big":
            raise TypeError(f"the key of an LpmTrie is an address in network byte order, not {key.__name__}")
        super().__init__(key, value, max_entries, self.BPF_F_NO_PREALLOC)

    @property
    def key_size(self) -> int:
        """The prefix length (u32) and the address."""
        return 4 + super().key_size

    def encode_key(self, key: Any) -> bytes:
        """A kernel function looks up whole addresses."""
        address = super().encode_key(key)
        return u32(len(address) * 8).to_bytes() + address
