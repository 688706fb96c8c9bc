"""The entries of one simulated map: what each map type does, errors included, as in kernel/bpf/*map.c."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, OrderedDict
from errno import E2BIG, EEXIST, EINVAL, ENOENT, ENOSPC
from typing import Protocol

from osmia.lang.memory import Buffer
from osmia.lang.runtime import UpdateFlags

__all__ = ["ArrayStorage", "EntryStorage", "HashStorage", "Processor", "TrieStorage"]

Slots = tuple[bytearray, ...]
"""The places of one value: one, or one for each processor."""


class Processor(Protocol):
    """Who runs the program now: which of the places of a per-CPU value is its own."""

    @property
    def processor(self) -> int:
        """The processor that runs the program."""
        ...

    @property
    def processor_count(self) -> int:
        """How many there are."""
        ...


class EntryStorage(ABC):
    """A map with keys. Programs reach the place of their own processor, user space all places of a value."""

    def __init__(self, value_size: int, max_entries: int, processors: Processor | None) -> None:
        """`processors` is given for per-CPU maps only."""
        self.value_size = value_size
        self.max_entries = max_entries
        self._processors = processors

    @abstractmethod
    def find(self, key: bytes) -> Slots | None:
        """All places of a value, for user space."""

    @abstractmethod
    def store(self, key: bytes, values: tuple[bytes, ...], flags: UpdateFlags) -> int:
        """Set all places of a value from user space: 0, or a negative error number."""

    @abstractmethod
    def update(self, key: bytes, value: bytes, flags: UpdateFlags) -> int:
        """Set the place of the current processor: 0, or a negative error number."""

    @abstractmethod
    def delete(self, key: bytes) -> int:
        """Remove an entry: 0, or a negative error number."""

    @abstractmethod
    def keys(self) -> list[bytes]:
        """The keys that are present."""

    def entries(self) -> list[tuple[bytes, Buffer]]:
        """The keys that are present, each with the place of the current processor."""
        found = [(key, self.find(key)) for key in self.keys()]
        return [(key, slots[self._own()]) for key, slots in found if slots is not None]

    def key_of(self, place: Buffer) -> bytes | None:
        """The key of a value that is in this map, told by its place."""
        found = ((key, self.find(key)) for key in self.keys())
        return next((key for key, slots in found if _is_among(place, slots)), None)

    def lookup(self, key: bytes) -> bytearray | None:
        """The place of the current processor, live, or None."""
        slots = self.find(key)
        return None if slots is None else slots[self._own()]

    def output(self, data: bytes) -> int:
        """A map with keys takes no events."""
        return -EINVAL

    @property
    def slot_count(self) -> int:
        """Places of each value."""
        return 1 if self._processors is None else self._processors.processor_count

    def _own(self) -> int:
        return 0 if self._processors is None else self._processors.processor

    def _fresh(self, value: bytes) -> Slots:
        """Places for a new entry of a program: its own is set, those of the other processors are zero."""
        own = self._own()
        return tuple(
            bytearray(value if index == own else bytes(self.value_size)) for index in range(self.slot_count)
        )


def _is_among(place: Buffer, slots: Slots | None) -> bool:
    return slots is not None and any(each is place for each in slots)


def refusal(present: bool, flags: UpdateFlags) -> int:
    """What the flags of an update say to a key that is present or absent: 0, or a negative error number."""
    if flags not in (UpdateFlags.ANY, UpdateFlags.NOEXIST, UpdateFlags.EXIST):
        return -EINVAL
    if present and flags == UpdateFlags.NOEXIST:
        return -EEXIST
    if not present and flags == UpdateFlags.EXIST:
        return -ENOENT
    return 0


class HashStorage(EntryStorage):
    """A hash map (kernel/bpf/hashtab.c).

    With `evicts`, a full map gives up the entry that programs used least recently. The kernel's
    order is approximate, and it may evict a little before the map is full; here it is exact.
    """

    def __init__(
        self, value_size: int, max_entries: int, processors: Processor | None, *, evicts: bool
    ) -> None:
        super().__init__(value_size, max_entries, processors)
        self._entries: OrderedDict[bytes, Slots] = OrderedDict()
        self._evicts = evicts

    def find(self, key: bytes) -> Slots | None:
        """The places of a key that is present."""
        return self._entries.get(key)

    def lookup(self, key: bytes) -> bytearray | None:
        """Also marks the entry as used; a look-up from user space does not."""
        place = super().lookup(key)
        if place is not None and self._evicts:
            self._entries.move_to_end(key)
        return place

    def update(self, key: bytes, value: bytes, flags: UpdateFlags) -> int:
        """Insert or replace; a new per-CPU entry is zero for the other processors."""
        present = self._entries.get(key)
        error = refusal(present is not None, flags)
        if error:
            return error
        if present is not None and self._processors is not None:
            present[self._own()][:] = value
            self._entries.move_to_end(key)
            return 0
        return self._put(key, self._fresh(value))

    def store(self, key: bytes, values: tuple[bytes, ...], flags: UpdateFlags) -> int:
        """Insert or replace."""
        error = refusal(key in self._entries, flags)
        return error or self._put(key, tuple(bytearray(value) for value in values))

    def _put(self, key: bytes, slots: Slots) -> int:
        # A replaced value gets a new place, as in the kernel: who looked it up before keeps the old one.
        if key not in self._entries and len(self._entries) >= self.max_entries:
            if not self._evicts:
                return -E2BIG
            self._entries.popitem(last=False)
        self._entries[key] = slots
        self._entries.move_to_end(key)
        return 0

    def delete(self, key: bytes) -> int:
        """-ENOENT where the key is absent."""
        return -ENOENT if self._entries.pop(key, None) is None else 0

    def keys(self) -> list[bytes]:
        """The least recently used first."""
        return list(self._entries)


class ArrayStorage(EntryStorage):
    """An array (kernel/bpf/arraymap.c): every index is present from the start and cannot be deleted."""

    def __init__(self, value_size: int, max_entries: int, processors: Processor | None) -> None:
        super().__init__(value_size, max_entries, processors)
        self._entries: dict[int, Slots] = {}

    def find(self, key: bytes) -> Slots | None:
        """The places of an index; None where it is out of range."""
        index = int.from_bytes(key, "little")
        if index >= self.max_entries:
            return None
        if index not in self._entries:
            # Zeroed memory need not exist before it is looked at.
            self._entries[index] = tuple(bytearray(self.value_size) for _ in range(self.slot_count))
        return self._entries[index]

    def update(self, key: bytes, value: bytes, flags: UpdateFlags) -> int:
        """-E2BIG where the index is out of range, -EEXIST for NOEXIST."""
        slots = self.find(key)
        if slots is None:
            return refusal(False, UpdateFlags.ANY if flags == UpdateFlags.EXIST else flags) or -E2BIG
        error = refusal(True, flags)
        if not error:
            slots[self._own()][:] = value
        return error

    def store(self, key: bytes, values: tuple[bytes, ...], flags: UpdateFlags) -> int:
        """As `update`."""
        slots = self.find(key)
        if slots is None:
            return -E2BIG
        error = refusal(True, flags)
        if not error:
            for place, value in zip(slots, values, strict=True):
                place[:] = value
        return error

    def delete(self, key: bytes) -> int:
        """Always -EINVAL."""
        return -EINVAL

    def key_of(self, place: Buffer) -> bytes | None:
        """Of the values that were looked at: the others have no place yet."""
        indices = (index for index, slots in self._entries.items() if _is_among(place, slots))
        return next((index.to_bytes(4, "little") for index in indices), None)

    def keys(self) -> list[bytes]:
        """All indices."""
        return [index.to_bytes(4, "little") for index in range(self.max_entries)]


class TrieStorage(EntryStorage):
    """A longest-prefix-match trie (kernel/bpf/lpm_trie.c); a key is a prefix length (u32) and an address."""

    def __init__(self, value_size: int, max_entries: int, address_size: int) -> None:
        super().__init__(value_size, max_entries, None)
        self._address_bits = address_size * 8
        self._entries: dict[tuple[int, int], tuple[bytes, Slots]] = {}
        self._lengths: Counter[int] = Counter()

    def find(self, key: bytes) -> Slots | None:
        """The value of the longest prefix of the key; for user space too, as in the kernel."""
        longest, address = self._split(key)
        for length in sorted(self._lengths, reverse=True):
            if length <= longest:
                entry = self._entries.get((length, self._masked(address, length)))
                if entry is not None:
                    return entry[1]
        return None

    def update(self, key: bytes, value: bytes, flags: UpdateFlags) -> int:
        """-EINVAL for a prefix longer than the address, -ENOSPC where the trie is full."""
        place = self._place(key)
        if place[0] > self._address_bits:
            return -EINVAL
        error = refusal(place in self._entries, flags)
        if error:
            return error
        if place not in self._entries:
            if len(self._entries) >= self.max_entries:
                return -ENOSPC
            self._lengths[place[0]] += 1
        self._entries[place] = (key, (bytearray(value),))
        return 0

    def store(self, key: bytes, values: tuple[bytes, ...], flags: UpdateFlags) -> int:
        """As `update`."""
        return self.update(key, values[0], flags)

    def delete(self, key: bytes) -> int:
        """Remove exactly this prefix."""
        place = self._place(key)
        if place[0] > self._address_bits:
            return -EINVAL
        if self._entries.pop(place, None) is None:
            return -ENOENT
        self._lengths[place[0]] -= 1
        if not self._lengths[place[0]]:
            del self._lengths[place[0]]
        return 0

    def keys(self) -> list[bytes]:
        """As they were given, with the bits behind the prefix."""
        return [key for key, _ in self._entries.values()]

    def _split(self, key: bytes) -> tuple[int, int]:
        return int.from_bytes(key[:4], "little"), int.from_bytes(key[4:], "big")

    def _place(self, key: bytes) -> tuple[int, int]:
        length, address = self._split(key)
        return length, self._masked(address, length)

    def _masked(self, address: int, length: int) -> int:
        spare = max(self._address_bits - length, 0)
        return address >> spare << spare
