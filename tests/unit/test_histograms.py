"""Histograms: their buckets, their text and picture, and counting in a simulation."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, strategies as st

import osmia
from osmia import (
    ArrayMap,
    Bucket,
    CompileError,
    Histogram,
    HistogramMap,
    Integer,
    LinearHistogram,
    Log2Histogram,
    XdpAction,
    XdpContext,
    be32,
    i8,
    i16,
    i32,
    i64,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.compiler.compile import check

TYPES = (u8, u16, u32, u64, i8, i16, i32, i64)
value = ArrayMap(u64, max_entries=1)
latency = Log2Histogram(u64)
by_queue = Log2Histogram(u64, key=u32, max_entries=1)


@xdp
def record(ctx: XdpContext) -> XdpAction:
    number = value.lookup(0)
    if number is not None:
        latency.record(number.value)
        by_queue.record(u32(number.value >> 8), number.value)
    return XdpAction.PASS


def bucket_of(declaration: HistogramMap[..., Any], number: int) -> Bucket:
    """The only bucket that counts a value."""
    histogram = declaration.histogram({declaration.slot(number): 1})
    (found,) = histogram.shown()
    return found


@pytest.mark.parametrize("kind", TYPES)
def test_log2_buckets_join_without_gap_and_have_counters_of_their_own(kind: type[Integer]) -> None:
    ranges = Log2Histogram(kind).ranges()
    assert len({slot for _, _, slot in ranges}) == len(ranges)
    assert max(slot for _, _, slot in ranges) < Log2Histogram(kind).slots
    low = -1 if kind.signed else 0
    for first, last, _ in ranges:
        assert first in (low, None)
        assert last is not None
        low = last + 1
    assert low == 1 << (kind.bits - kind.signed)


@given(st.sampled_from(TYPES), st.data())
def test_log2_bucket_holds_its_value(kind: type[Integer], data: st.DataObject) -> None:
    low, high = (
        (-(1 << kind.bits - 1), (1 << kind.bits - 1) - 1) if kind.signed else (0, (1 << kind.bits) - 1)
    )
    number = data.draw(
        st.integers(low, high) | st.integers(0, kind.bits - 1).map(lambda bit: (1 << bit) & high)
    )
    bucket = bucket_of(Log2Histogram(kind), number)
    assert bucket.low is None or bucket.low <= number
    assert bucket.high is not None
    assert number <= bucket.high


@given(st.integers(-500, 500), st.integers(1, 90), st.integers(1, 50), st.integers(-6000, 6000))
def test_linear_bucket_holds_its_value(start: int, step: int, buckets: int, number: int) -> None:
    declaration = LinearHistogram(i64, start=start, step=step, buckets=buckets)
    bucket = bucket_of(declaration, number)
    assert bucket.low is None or bucket.low <= number
    assert bucket.high is None or number <= bucket.high
    assert (bucket.low is None) == (number < start)
    assert (bucket.high is None) == (number >= start + step * buckets)
    if bucket.low is not None and bucket.high is not None:
        assert bucket.high - bucket.low == step - 1


def test_simulated_programs_count() -> None:
    with osmia.simulate(record) as bpf:
        for number in (0, 1, 2, 3, 3, 4096, (1 << 64) - 1):
            bpf[value][0] = u64(number)
            bpf[record].run(bytes(14))
        seen = bpf[latency]
        assert seen.total == 7
        assert [(bucket.label, bucket.count) for bucket in seen.buckets if bucket.count] == [
            ("[0]", 1),
            ("[1]", 1),
            ("[2, 4)", 3),
            ("[4K, 8K)", 1),
            ("[8E, 16E)", 1),
        ]
        histograms = bpf[by_queue]
        assert [int(key) for key in histograms] == [0, 16, (1 << 32) - 1]
        assert histograms[u32(0)].total == 5
        assert histograms.lost == 0


def test_processors_are_summed_and_differences_are_taken() -> None:
    with osmia.simulate(record, processors=3) as bpf:
        bpf[value][0] = u64(5)
        for processor in range(3):
            bpf.kernel.processor = processor
            bpf[record].run(bytes(14))
        before = bpf[latency]
        bpf[value][0] = u64(6)
        bpf[record].run(bytes(14))
        assert before.total == 3
        assert (bpf[latency] - before).shown() == (Bucket(4, 7, 1),)


def test_what_finds_no_room_is_counted() -> None:
    with osmia.simulate(record) as bpf:
        room = len(by_queue.ranges())
        for number in range(room + 5):
            bpf[value][0] = u64(number << 8)
            bpf[record].run(bytes(14))
        histograms = bpf[by_queue]
        assert (len(histograms), histograms.lost) == (room, 5)
        # A bucket that is there already still counts.
        bpf[value][0] = u64(0)
        bpf[record].run(bytes(14))
        assert (bpf[by_queue][u32(0)].total, bpf[by_queue].lost) == (2, 5)


TEXT = """\
ns      count    share
[0]         1    10.0%  ██▊
[1]         0     0.0%
[2, 4)      1    10.0%  ██▊
[4, 8)      8    80.0%  ██████████████████████"""


def test_text() -> None:
    seen = Histogram((Bucket(0, 0, 1), Bucket(1, 1, 0), Bucket(2, 3, 1), Bucket(4, 7, 8), Bucket(8, 15, 0)))
    assert seen.text("ns", 46) == TEXT
    assert max(map(len, seen.text("ns", 46).split("\n"))) <= 46
    assert seen.percentile(50) == Bucket(4, 7, 8)
    assert seen.percentile(0) == Bucket(0, 0, 1)


def test_text_and_picture_of_nothing() -> None:
    empty = Histogram((Bucket(0, 0, 0), Bucket(1, 1, 0)))
    assert empty.text() == "no values"
    assert empty.percentile(50) is None
    assert "no values" in empty.svg()
    with pytest.raises(ValueError, match="between 0 and 100"):
        empty.percentile(101)


def test_picture_is_xml_with_a_bar_for_each_bucket() -> None:
    seen = Histogram((Bucket(None, -1, 5), Bucket(0, 9, 10), Bucket(10, None, 0)))
    picture = ET.fromstring(seen.svg("a < b & c"))
    space = "{http://www.w3.org/2000/svg}"
    bars = [float(bar.attrib["width"]) for bar in picture.iter(f"{space}rect")]
    assert len(bars) == 2
    assert bars[1] == 2 * bars[0]
    texts = [text.text for text in picture.iter(f"{space}text")]
    assert texts == ["a < b & c", "< 0", "5", "[0, 10)", "10"]


def test_wrong_declarations_are_refused() -> None:
    with pytest.raises(TypeError, match="u8 to u64"):
        Log2Histogram(be32)
    with pytest.raises(TypeError, match="u8 to u64"):
        LinearHistogram(Integer, step=1, buckets=1)
    with pytest.raises(ValueError, match="1 to 4096 buckets"):
        LinearHistogram(u64, step=1, buckets=5000)
    with pytest.raises(ValueError, match="step must be"):
        LinearHistogram(u64, step=0, buckets=5)
    with pytest.raises(ValueError, match="no number of u8"):
        LinearHistogram(u8, start=-1, step=1, buckets=5)
    with pytest.raises(ValueError, match="max_entries must be"):
        Log2Histogram(u64, key=u32, max_entries=0)
    with pytest.raises(TypeError, match="go together"):
        Log2Histogram(u64, key=u32)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]


@struct
class Place:
    port: u16
    queue: u8


places = LinearHistogram(u32, step=10, buckets=3, key=Place, max_entries=4)


@xdp
def by_place(ctx: XdpContext) -> XdpAction:
    places.record(Place(port=u16(80), queue=u8(ctx.rx_queue_index)), ctx.length)
    return XdpAction.PASS


def test_keys_may_be_structs() -> None:
    with osmia.simulate(by_place) as bpf:
        for length in (14, 25, 99):
            bpf[by_place].run(bytes(length))
        (histogram,) = bpf[places].values()
        assert list(bpf[places]) == [Place(port=u16(80), queue=u8(0))]
        assert [bucket.count for bucket in histogram.buckets] == [0, 0, 1, 1, 1]
    assert check((by_place,)).maps[0].name == "places"


@xdp
def two_values(ctx: XdpContext) -> XdpAction:
    latency.record(u64(1), u64(2))  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    return XdpAction.PASS


@xdp
def other_width(ctx: XdpContext) -> XdpAction:
    latency.record(u32(1))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return XdpAction.PASS


@xdp
def set_entry(ctx: XdpContext) -> XdpAction:
    latency[u32(1)] = u64(1)  # type: ignore[index] # pyright: ignore[reportIndexIssue]
    return XdpAction.PASS


@pytest.mark.parametrize(
    ("program", "code"),
    [(two_values, "wrong-arguments"), (other_width, "type-mismatch"), (set_entry, "no-entries")],
)
def test_wrong_uses_are_found(program: Any, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        check((program,))
    assert [finding.code for finding in caught.value.diagnostics] == [code]
