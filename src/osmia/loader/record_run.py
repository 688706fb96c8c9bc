"""Records in memory that is shared with the kernel: found in runs of equal length, copied, given back."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple, Protocol

_FIRST_WINDOW = 64


class Run(NamedTuple):
    """Events of one length, one behind the other, in the memory of a buffer."""

    data: memoryview | bytes
    start: int
    """Where in `data` the first event begins."""
    stride: int
    """Bytes from one event to the next."""
    events: int
    """Their number; 0 for records that hold none."""
    length: int
    """Bytes of each event."""
    end: int
    """The buffer's position behind the run."""


class RecordMemory(Protocol):
    """One buffer of records that the kernel fills."""

    @property
    def consumed(self) -> memoryview:
        """The position up to which records are given back, as the only element; writing it gives room."""
        ...

    @property
    def unread(self) -> int:
        """Bytes of records that are there now."""
        ...

    def runs(self, most: int) -> Iterator[Run]:
        """The records that are there now, oldest first, in runs of up to `most` bytes; none is given back.

        Raises:
            MalformedError: positions or lengths that cannot be.
        """
        ...


class Batch(NamedTuple):
    """A run, or a part of one, in memory of its own."""

    data: bytearray | memoryview
    start: int
    """Where in `data` the first event begins."""
    stride: int
    events: int
    length: int


def equal_words(words: memoryview, first: int, step: int, most: int) -> int:
    """How many of `words`, `step` apart from `first` on, are the same: at least 1 and at most `most`.

    The comparison runs in C: first over a few, so that a short run costs little, then over all at once.
    """
    expected = words[first]
    if most < 2 or words[first + step] != expected:
        return 1
    count, window, differs = 2, _FIRST_WINDOW, False
    while window and count < most:
        window = min(window, most - count)
        begin = first + count * step
        seen = words[begin : begin + (window - 1) * step + 1 : step]
        if seen == memoryview(array(words.format, [expected]) * window):
            count += window
        else:
            differs = True
        window = window // 2 if differs else most
    return count
