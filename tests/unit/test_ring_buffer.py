"""Ring buffers, read in all ways, as the kernel writes them and as it never would."""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager

import numpy
import pytest
from hypothesis import given, settings, strategies as st

from osmia.errors import MalformedError, UsageError
from osmia.loader import EventBytes, IntegerCodec, RingBufferReader
from tests.builders.event_memory import PAGE, EventKernel, RingWriter

Reader = RingBufferReader[int]
U64 = IntegerCodec(8)


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
def ring(size: int = PAGE) -> Generator[tuple[Reader, RingWriter], None, None]:
    kernel = EventKernel()
    with kernel.ring(size) as map_object, RingBufferReader(map_object, U64) as reader:
        yield reader, kernel.ring_writer(map_object)


def number(value: int) -> bytes:
    return value.to_bytes(8, "little")


@WAYS
@pytest.mark.parametrize("count", [1, 3, 100, 255])
def test_events_arrive_in_order_through_many_rounds(take: Way, count: int) -> None:
    with ring() as (reader, writer):
        for first in range(0, 10 * count, count):
            for value in range(first, first + count):
                writer.put(number(value))
            assert take(reader) == list(range(first, first + count))
            assert writer.consumed == writer.produced
        assert take(reader) == []


@WAYS
def test_a_long_run_is_read_at_once(take: Way) -> None:
    with ring(1 << 20) as (reader, writer):
        for value in range(30_000):
            writer.put(number(value))
        assert take(reader) == list(range(30_000))


@WAYS
def test_a_record_that_is_still_written_holds_up_those_behind_it(take: Way) -> None:
    with ring() as (reader, writer):
        writer.put(number(1))
        place = writer.put(number(2), busy=True)
        writer.put(number(3))
        assert take(reader) == [1]
        assert writer.consumed == place
        assert take(reader) == []
        writer.finish(place, 8)
        assert take(reader) == [2, 3]


@WAYS
def test_discarded_records_are_passed_over(take: Way) -> None:
    with ring() as (reader, writer):
        for value in range(200):
            writer.put(number(value), discarded=value % 7 in (0, 1))
        writer.put(b"", discarded=True)
        assert take(reader) == [value for value in range(200) if value % 7 not in (0, 1)]
        assert writer.consumed == writer.produced
        writer.put(number(0), discarded=True)
        assert take(reader) == []
        assert writer.consumed == writer.produced


@WAYS
def test_longer_events_are_cut_and_shorter_ones_refused_once(take: Way) -> None:
    with ring() as (reader, writer):
        for value in range(10):
            writer.put(number(value) + bytes(value))
        assert take(reader) == list(range(10))
        writer.put(number(10))
        writer.put(b"short")
        writer.put(number(11))
        with pytest.raises(MalformedError, match="5 bytes where 8 are expected"):
            take(reader)
        assert take(reader) == [10, 11]
        assert writer.consumed == writer.produced


records = st.lists(st.tuples(st.binary(max_size=40), st.booleans()), max_size=60)


@settings(deadline=None)
@given(st.lists(records, max_size=4))
def test_events_of_any_length_are_the_same_bytes(rounds: list[list[tuple[bytes, bool]]]) -> None:
    kernel = EventKernel()
    with kernel.ring() as map_object, RingBufferReader(map_object, EventBytes()) as reader:
        writer = kernel.ring_writer(map_object)
        for written in rounds:
            for data, discarded in written:
                writer.put(data, discarded=discarded)
            assert reader.read(0) == [data for data, discarded in written if not discarded]
        with pytest.raises(UsageError, match="have no columns"):
            reader.read_columns(0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), max_size=12))
def test_all_ways_give_the_same(runs: list[tuple[int, int]]) -> None:
    taken: list[list[int]] = []
    for take in (by_value, by_columns, by_borrowing):
        with ring(1 << 16) as (reader, writer):
            value = 0
            for extra, count in runs:
                for _ in range(count):
                    writer.put(number(value) + bytes(8 * extra))
                    value += 1
            taken.append(take(reader))
    assert taken[0] == list(range(sum(count for _, count in runs)))
    assert taken[1] == taken[2] == taken[0]


@WAYS
@pytest.mark.parametrize(
    ("consumed", "produced"), [(0, 2 * PAGE), (16, 0), (1, 17), (0, 15), (0, (1 << 64) - 8), (PAGE, 8)]
)
def test_impossible_positions_are_refused(take: Way, consumed: int, produced: int) -> None:
    with ring() as (reader, writer):
        writer.consumed, writer.produced = consumed, produced
        with pytest.raises(MalformedError, match="do not fit its size"):
            take(reader)


@WAYS
def test_a_record_longer_than_what_was_written_is_refused(take: Way) -> None:
    with ring() as (reader, writer):
        writer.write(0, struct.pack("<II", 4096, 0))
        writer.produced = 16
        with pytest.raises(MalformedError, match="a record of 4096 bytes"):
            take(reader)


@settings(deadline=None)
@given(st.binary(min_size=64, max_size=512), st.integers(0, 64), st.integers(0, 80))
def test_no_bytes_make_more_than_a_clear_error(data: bytes, consumed: int, length: int) -> None:
    for take in (by_value, by_columns, by_borrowing):
        with ring() as (reader, writer):
            writer.write(0, data)
            writer.consumed, writer.produced = consumed, consumed + length
            try:
                events = take(reader)
            except MalformedError:
                continue
            assert len(events) <= length // 16


def test_a_borrowed_view_shows_the_ring_and_gives_its_room_back_at_the_end() -> None:
    with ring() as (reader, writer):
        for value in range(20):
            writer.put(number(value))
        with reader.borrow_columns(0) as columns:
            writer.write(8, number(77))
            assert columns.tolist() == [77, *range(1, 20)]
            assert writer.consumed == 0
            writer.put(number(20))
            with pytest.raises(UsageError, match="lent out"):
                reader.read(0)
        assert writer.consumed == 20 * 16
        assert reader.read(0) == [20]


def test_a_borrowed_view_that_is_kept_outlives_the_reader() -> None:
    with ring() as (reader, writer):
        writer.put(number(5))
        with reader.borrow_columns(0) as columns:
            reader.close()
            assert columns.tolist() == [5]
    assert columns.tolist() == [5]


def test_columns_are_a_copy_of_their_own() -> None:
    with ring() as (reader, writer):
        writer.put(number(5))
        columns = reader.read_columns(0)
        writer.write(8, number(6))
        columns += numpy.uint64(1)
        assert columns.tolist() == [6]


class InterruptedCodec(IntegerCodec):
    """Ctrl-C while events are decoded."""

    interrupts_at = -1

    def decode(self, buffer: bytes | bytearray, /) -> int:
        number = super().decode(buffer)
        if number == self.interrupts_at:
            self.interrupts_at = -1
            raise KeyboardInterrupt
        return number


def test_an_interrupted_reading_loses_nothing() -> None:
    kernel = EventKernel()
    codec = InterruptedCodec(8)
    with kernel.ring() as map_object, RingBufferReader(map_object, codec) as reader:
        writer = kernel.ring_writer(map_object)
        for value in range(10):
            writer.put(number(value))
            if value in (4, 9):
                codec.interrupts_at = value
                with pytest.raises(KeyboardInterrupt):
                    reader.read(0)
        assert reader.read_columns(0).tolist() == list(range(10))
        writer.put(number(10))
        codec.interrupts_at = 10
        with pytest.raises(KeyboardInterrupt):
            reader.read(0)
        assert reader.read(0) == [10]


def test_an_interrupt_between_two_events_ends_neither() -> None:
    kernel = EventKernel()
    codec = InterruptedCodec(8)
    with kernel.ring() as map_object, RingBufferReader(map_object, codec) as reader:
        writer = kernel.ring_writer(map_object)
        assert reader.read_each(0) is None
        for value in range(6):
            writer.put(number(value) + bytes(value % 2 * 8))
        codec.interrupts_at = 2
        events = reader.read_each(0)
        assert events is not None
        assert [next(events), next(events)] == [0, 1]
        with pytest.raises(KeyboardInterrupt):
            next(events)
        assert list(events) == [3, 4, 5]


def test_losses_are_what_the_programs_count() -> None:
    kernel = EventKernel()
    with kernel.ring() as map_object, RingBufferReader(map_object, U64, count_lost=lambda: 12) as reader:
        assert reader.lost == 12


def test_options_that_cannot_be() -> None:
    kernel = EventKernel()
    with kernel.ring() as map_object, pytest.raises(UsageError, match="delay of -1 seconds"):
        RingBufferReader(map_object, U64, delay=-1)
    assert not kernel.open
