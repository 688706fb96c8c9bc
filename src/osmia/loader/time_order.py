"""Events of several processors in the order in which they happened."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from osmia.loader.record_run import Batch

TIME_BYTES = 12
"""In front of an event with a time: the time (u64, ns) and the event's size (u32)."""
PATIENCE = 0.01
"""Seconds for which an event is held back, since one that happened earlier may still be written."""

_PATIENCE_NS = round(PATIENCE * 1e9)
_TIME = struct.Struct("<Q")
_Record = tuple[int, bytes]


def in_time_order(batches: Iterable[Batch], now: int) -> tuple[list[Batch], list[Batch]]:
    """Sort by time; gives what is in its final order at `now` (CLOCK_MONOTONIC, ns), and what is too new.

    Each event in `batches` has its time in front. All buffers were read after `now`, so an event older
    than `now` was seen, unless writing it took the kernel longer than `PATIENCE`: then it comes late.
    """
    records = sorted((record for batch in batches for record in _records(batch)), key=itemgetter(0))
    final = now - _PATIENCE_NS
    return (
        list(_batches(record for record in records if record[0] <= final)),
        list(_batches(record for record in records if record[0] > final)),
    )


def _records(batch: Batch) -> Iterator[_Record]:
    for place in range(0, batch.events * batch.stride, batch.stride):
        record = bytes(batch.data[place : place + TIME_BYTES + batch.length])
        yield _TIME.unpack_from(record)[0], record


def _batches(records: Iterable[_Record]) -> Iterator[Batch]:
    for length, group in groupby((record for _, record in records), key=len):
        same = list(group)
        yield Batch(bytearray(b"".join(same)), TIME_BYTES, length, len(same), length - TIME_BYTES)
