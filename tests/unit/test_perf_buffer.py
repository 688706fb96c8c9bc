"""Perf event arrays, read in all ways, as the kernel writes them and as it never would."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from osmia.errors import MalformedError, UsageError
from osmia.loader import EventBytes, IntegerCodec, PerfBufferReader, perf_buffer
from osmia.uapi import PerfRecord
from tests.builders.event_memory import PAGE, EventKernel

Reader = PerfBufferReader[int]
U64 = IntegerCodec(8)
SECOND = 1_000_000_000


def by_value(reader: Reader) -> list[int]:
    return reader.read(0)


def by_columns(reader: Reader) -> list[int]:
    return [int(number) for number in reader.read_columns(0)]


def by_borrowing(reader: Reader) -> list[int]:
    with reader.borrow_columns(0) as columns:
        return [int(number) for number in columns]


WAYS = pytest.mark.parametrize("take", [by_value, by_columns, by_borrowing])
Way = Callable[[Reader], list[int]]


@contextmanager
def perf(kernel: EventKernel, **options: Any) -> Generator[Reader, None, None]:
    with kernel.perf_array() as map_object, PerfBufferReader(map_object, U64, pages=1, **options) as reader:
        yield reader


def number(value: int) -> bytes:
    return value.to_bytes(8, "little")


@WAYS
@pytest.mark.parametrize("count", [1, 3, 100, 170])
def test_events_arrive_in_order_through_many_rounds(take: Way, count: int) -> None:
    kernel = EventKernel()
    with perf(kernel) as reader:
        writer = kernel.perf_writer(0)
        for first in range(0, 10 * count, count):
            for value in range(first, first + count):
                writer.put(number(value))
            assert take(reader) == list(range(first, first + count))
            assert writer.tail == writer.head
        assert take(reader) == []


@WAYS
def test_all_processors_are_read(take: Way) -> None:
    kernel = EventKernel(online=(0, 2))
    with perf(kernel) as reader:
        for value in range(20):
            kernel.perf_writer(value % 2 * 2).put(number(value))
        assert sorted(take(reader)) == list(range(20))


@WAYS
def test_other_records_between_samples_are_passed_over(take: Way) -> None:
    kernel = EventKernel()
    with perf(kernel) as reader:
        writer = kernel.perf_writer(0)
        for value in range(20):
            writer.put(number(value) + bytes(value % 3 * 8))
            if value % 5 == 4:
                writer.record(3, bytes(16))
        writer.record(3, b"")
        assert take(reader) == list(range(20))
        assert writer.tail == writer.head


@settings(deadline=None)
@given(st.lists(st.lists(st.binary(max_size=40), max_size=40), max_size=4))
def test_events_of_any_length_begin_with_what_was_sent(rounds: list[list[bytes]]) -> None:
    kernel = EventKernel()
    with (
        kernel.perf_array() as map_object,
        PerfBufferReader(map_object, EventBytes(), pages=1) as reader,
    ):
        writer = kernel.perf_writer(0)
        for written in rounds:
            for data in written:
                writer.put(data)
            received = reader.read(0)
            assert len(received) == len(written)
            for data, event in zip(written, received, strict=True):
                assert event.rstrip(b"\0") == data.rstrip(b"\0")
                assert len(data) <= len(event) < len(data) + 8


@WAYS
def test_the_kernel_is_asked_for_losses(take: Way) -> None:
    kernel = EventKernel(online=(0, 1), lost={0: 3, 1: 4})
    with perf(kernel) as reader:
        kernel.perf_writer(0).put_lost(3)
        assert take(reader) == []
        assert reader.lost == 7
    assert reader.lost == 7


@WAYS
def test_an_old_kernel_tells_of_losses_in_records(take: Way) -> None:
    kernel = EventKernel(has_lost_count=False, lost={0: 99})
    with perf(kernel) as reader:
        writer = kernel.perf_writer(0)
        writer.put(number(0))
        writer.put_lost(3)
        writer.put(number(1))
        writer.put_lost(4)
        assert take(reader) == [0, 1]
        assert reader.lost == 7


def test_a_processor_that_comes_back_gets_a_new_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perf_buffer, "_LOOK_FOR_CPUS", 0)
    kernel = EventKernel(online=(0, 1), lost={1: 2})
    with perf(kernel) as reader:
        first = kernel.perf_writer(1)
        kernel.online = (0,)
        assert reader.read(0) == []
        first.put(number(1))
        kernel.online = (0, 1, 3)
        assert reader.read(0) == [1]
        kernel.lost = {}
        for cpu in (0, 1, 3):
            kernel.perf_writer(cpu).put(number(10 + cpu))
        assert sorted(reader.read(0)) == [10, 11, 13]
        assert reader.lost == 2
        array = kernel.map_of(reader.map_object.fileno()).entries
        assert [kernel.events[int.from_bytes(fd, "little")] for fd in array.values()] == [0, 1, 3]
    assert not kernel.events


def test_events_of_all_processors_in_the_order_of_their_times() -> None:
    kernel = EventKernel(online=(0, 1, 2))
    past = time.monotonic_ns() - 10 * SECOND
    with perf(kernel, by_time=True) as reader:
        for value in range(60):
            kernel.perf_writer(value * 7 % 3).put(number(value), time=past + value)
        assert reader.read(0) == list(range(60))
        for value in range(60):
            kernel.perf_writer(value * 5 % 3).put(number(value) + bytes(value), time=past - value)
        assert reader.read_columns(0).tolist() == list(range(59, -1, -1))
        with reader.borrow_columns(0) as columns:
            assert columns.tolist() == []
        attributes = kernel.attributes[0]
        assert (attributes.use_clockid, attributes.clockid) == (1, time.CLOCK_MONOTONIC)


def test_an_event_that_is_too_new_is_held_back() -> None:
    kernel = EventKernel(online=(0, 1))
    now = time.monotonic_ns()
    with perf(kernel, by_time=True) as reader:
        kernel.perf_writer(0).put(number(2), time=now + SECOND // 5)
        kernel.perf_writer(1).put(number(1), time=now - SECOND)
        assert reader.read(0) == [1]
        assert reader.read(10) == [2]


def test_wake_ups_are_set_as_asked() -> None:
    for wake_bytes, expected in ((None, (1, PAGE // 8)), (0, (0, 1)), (512, (1, 512))):
        kernel = EventKernel()
        with perf(kernel, wake_bytes=wake_bytes):
            attributes = kernel.attributes[0]
            assert (attributes.watermark, attributes.wakeup_watermark) == expected


@WAYS
@pytest.mark.parametrize(
    ("tail", "head"), [(0, 2 * PAGE), (16, 0), (1, 17), (0, 15), (0, (1 << 64) - 8), (PAGE, 8)]
)
def test_impossible_positions_are_refused(take: Way, tail: int, head: int) -> None:
    kernel = EventKernel()
    with perf(kernel) as reader:
        writer = kernel.perf_writer(0)
        writer.tail, writer.head = tail, head
        with pytest.raises(MalformedError, match="do not fit its size"):
            take(reader)


@WAYS
@pytest.mark.parametrize("size", [0, 4, 12, 32, 65528])
def test_a_record_of_an_impossible_length_is_refused(take: Way, size: int) -> None:
    kernel = EventKernel()
    with perf(kernel) as reader:
        kernel.perf_writer(0).record(PerfRecord.SAMPLE, bytes(16), size=size)
        with pytest.raises(MalformedError, match=f"a record of {size} bytes"):
            take(reader)


@WAYS
def test_a_sample_longer_than_its_record_is_refused(take: Way) -> None:
    kernel = EventKernel()
    with perf(kernel) as reader:
        writer = kernel.perf_writer(0)
        writer.put(number(1))
        writer.record(PerfRecord.SAMPLE, struct.pack("<I", 13) + bytes(12))
        with pytest.raises(MalformedError, match="an event of 13 bytes in a record of 24"):
            take(reader)


@settings(deadline=None)
@given(
    st.binary(min_size=64, max_size=512),
    st.integers(0, 8),
    st.integers(0, 80),
    st.sampled_from([False, True]),
)
def test_no_bytes_make_more_than_a_clear_error(data: bytes, tail: int, length: int, by_time: bool) -> None:
    for take in (by_value, by_columns, by_borrowing):
        kernel = EventKernel()
        with perf(kernel, by_time=by_time) as reader:
            writer = kernel.perf_writer(0)
            writer.scribble(data)
            writer.tail, writer.head = tail * 8, tail * 8 + length
            try:
                events = take(reader)
            except MalformedError:
                continue
            assert len(events) <= length // 16


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 2, 3, 9, 9, 9, 77]), st.binary(max_size=48)), max_size=30))
def test_wild_records_make_no_more_than_a_clear_error(records: list[tuple[int, bytes]]) -> None:
    for take in (by_value, by_columns, by_borrowing):
        kernel = EventKernel(has_lost_count=False)
        with perf(kernel) as reader:
            writer = kernel.perf_writer(0)
            writer.tail = writer.head = PAGE - 64
            for kind, body in records:
                writer.record(kind, body + bytes(-len(body) % 8))
            for _ in range(len(records) + 1):
                try:
                    take(reader)
                except MalformedError:
                    continue


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pages": 3}, "power of two"),
        ({"wake_bytes": PAGE + 1}, "the buffer has 4096"),
        ({"wake_bytes": -1}, "a wake-up at -1 bytes"),
        ({"delay": 0}, "give wake_bytes=0"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    kernel = EventKernel()
    given_options: dict[str, Any] = {"pages": 1, **options}
    with kernel.perf_array() as map_object, pytest.raises(UsageError, match=message):
        PerfBufferReader(map_object, U64, **given_options)
    assert not kernel.open
    assert not kernel.events
