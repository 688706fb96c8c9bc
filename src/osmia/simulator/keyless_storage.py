"""Maps without keys, as in kernel/bpf/queue_stack_maps.c and bloom_filter.c."""

from __future__ import annotations

from collections import deque
from errno import E2BIG, EINVAL, ENOENT

from osmia.lang.runtime import UpdateFlags
from osmia.simulator.storage import EntryStorage, Slots

__all__ = ["BloomStorage", "QueueStorage"]


class QueueStorage(EntryStorage):
    """A queue or stack: the only key is the empty one, and it stands for the value that leaves next."""

    def __init__(self, value_size: int, max_entries: int, *, last_first: bool) -> None:
        super().__init__(value_size, max_entries, None)
        self._values: deque[bytearray] = deque()
        self._last_first = last_first

    def find(self, key: bytes) -> Slots | None:
        """The value that leaves next."""
        if not self._values:
            return None
        return (self._values[-1 if self._last_first else 0],)

    def store(self, key: bytes, values: tuple[bytes, ...], flags: UpdateFlags) -> int:
        """Add a value; with EXIST the oldest makes room."""
        return self.update(key, values[0], flags)

    def update(self, key: bytes, value: bytes, flags: UpdateFlags) -> int:
        """Add a value; with EXIST the oldest makes room."""
        if flags not in (UpdateFlags.ANY, UpdateFlags.EXIST):
            return -EINVAL
        if len(self._values) >= self.max_entries:
            if flags is UpdateFlags.ANY:
                return -E2BIG
            self._values.popleft()
        self._values.append(bytearray(value))
        return 0

    def delete(self, key: bytes) -> int:
        """Take the value that leaves next."""
        if not self._values:
            return -ENOENT
        if self._last_first:
            self._values.pop()
        else:
            self._values.popleft()
        return 0

    def keys(self) -> list[bytes]:
        """The empty key, once for each value."""
        return [b""] * len(self._values)


class BloomStorage(EntryStorage):
    """A Bloom filter without false answers: the key is the value."""

    def __init__(self, value_size: int, max_entries: int) -> None:
        super().__init__(value_size, max_entries, None)
        self._values: set[bytes] = set()

    def find(self, key: bytes) -> Slots | None:
        """The value, where it was added."""
        return (bytearray(key),) if key in self._values else None

    def store(self, key: bytes, values: tuple[bytes, ...], flags: UpdateFlags) -> int:
        """Add a value."""
        return self.update(key, values[0], flags)

    def update(self, key: bytes, value: bytes, flags: UpdateFlags) -> int:
        """Add a value."""
        if flags is not UpdateFlags.ANY:
            return -EINVAL
        self._values.add(bytes(value))
        return 0

    def delete(self, key: bytes) -> int:
        """Nothing can be taken out."""
        return -EINVAL

    def keys(self) -> list[bytes]:
        """The values that were added."""
        return list(self._values)
