"""Records in memory that is shared with the kernel: found in runs of equal length, copied, given back."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple, Protocol

_FIRST_WINDOW = 16


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

    def runs(self) -> Iterator[Run]:
        """The records that are there now, oldest first; nothing is given back.

        Raises:
            MalformedError: positions or lengths that cannot be.
        """
        ...


class Batch(NamedTuple):
    """A run, or a part of one, in memory of its own."""

    data: bytearray
    start: int
    """Where in `data` the first event begins."""
    stride: int
    events: int
    length: int


def equal_words(words: memoryview, first: int, step: int, most: int) -> int:
    """How many of `words`, `step` apart from `first` on, are the same: at least 1 and at most `most`.

    The comparison runs in C, in windows that grow while all is equal, so that both a long run and a
    short one cost little.
    """
    expected = words[first]
    count, window, grows = 1, _FIRST_WINDOW, True
    while window and count < most:
        window = min(window, most - count)
        begin = first + count * step
        seen = words[begin : begin + (window - 1) * step + 1 : step]
        if seen == memoryview(array(words.format, [expected]) * window):
            count += window
        else:
            grows = False
        window = window * 2 if grows else window // 2
    return count
