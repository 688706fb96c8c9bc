"""Functions that are not inlined: in the kernel and as plain Python, with the same result."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import osmia
from osmia import (
    ArrayMap,
    Bpf,
    HashMap,
    Pointer,
    TcAction,
    TcContext,
    VerifierError,
    XdpAction,
    XdpContext,
    classifier,
    function,
    i16,
    i64,
    ktime_get_ns,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.net import EthHdr

counts = ArrayMap(u64, max_entries=4)


@struct
class Pair:
    first: u32
    second: u64


@function
def twice(number: u64) -> u64:
    return number * 2


@function(inline=False)
def add(pair: Pair, more: u32, both: bool) -> u64:
    pair.second += 1
    if both:
        return twice(pair.second) + u64(pair.first)
    return u64(more) + pair.second


@function(inline=False)
def last_of_source(eth: EthHdr) -> u8:
    return eth.src_addr[5]


@function(inline=False)
def count(place: Pointer[u64]) -> None:
    place.value += 1


@function(inline=False)
def negated(number: i16) -> i64:
    return i64(-number)


@function(inline=False)
def is_long(ctx: XdpContext, least: u16) -> bool:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None:
        return False
    return ctx.length > u32(least) and last_of_source(eth) == 7


@function(verified_alone=True)
def length_and(ctx: XdpContext, pair: Pair | None, other: Pair) -> u32:
    if pair is None:
        return ctx.length
    pair.first = u32(3)
    return ctx.length + pair.first + other.first


@xdp
def calling(ctx: XdpContext) -> XdpAction:
    pair = Pair(first=u32(5), second=u64(6))
    number = add(pair, u32(9), is_long(ctx, u16(20)))
    place = counts.lookup(u32(0))
    if place is None:
        return XdpAction.ABORTED
    place.value = number
    count(place)
    counts[u32(1)] = u64(length_and(ctx, pair, pair)) + u64(pair.first)
    counts[u32(2)] = u64(negated(i16(-7)))
    return XdpAction.PASS


FRAMES = (bytes(11) + b"\x07\x08\x00" + bytes(20), bytes(34), bytes(20))


def results(bpf: Bpf) -> list[object]:
    found: list[object] = []
    for frame in FRAMES:
        found.append(bpf[calling].run(frame).action)
        found += [int(value) for value in bpf[counts].values()]
    return found


def test_subprograms_as_plain_python() -> None:
    with osmia.simulate(calling) as bpf:
        first = results(bpf)[:5]
    # 7 twice and 5, and one more; 34 bytes, 3, 3, and 3 again.
    assert first == [XdpAction.PASS, 20, 43, 7, 0]


def test_subprograms_give_the_same_in_the_kernel() -> None:
    with osmia.simulate(calling) as bpf:
        expected = results(bpf)
    with osmia.load(calling) as bpf:
        assert bpf.object.notes == ()
        assert results(bpf) == expected


def test_each_subprogram_stands_in_the_program_once() -> None:
    with osmia.load(calling) as bpf:
        names = [each.name for each in bpf.object.spec.programs["calling"].subprograms]
    assert sorted(names) == ["add", "count", "is_long", "last_of_source", "length_and", "negated"]


@classifier
def counting_packets(ctx: TcContext) -> TcAction:
    place = counts.lookup(u32(3))
    if place is not None:
        count(place)
    return TcAction.OK


def test_programs_of_two_types_share_a_function() -> None:
    with osmia.load(calling, counting_packets) as bpf:
        bpf[calling].run(FRAMES[0])
        bpf[counting_packets].run(FRAMES[0])
        assert [int(value) for value in bpf[counts].values()] == [20, 43, 7, 1]


@function(inline=False)
def sum_of_times(count: u32) -> u64:
    total = u64(0)
    for _ in range(900_000):
        total += ktime_get_ns() * u64(count)
    return total


@xdp
def summing(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS if sum_of_times(ctx.length) == 3 else XdpAction.DROP


def test_the_verifier_names_the_line_in_the_function() -> None:
    with pytest.raises(VerifierError) as caught:
        osmia.load(summing)
    assert caught.value.span is not None
    assert caught.value.span.filename == __file__
    first = sum_of_times.function.__code__.co_firstlineno
    assert first < caught.value.span.line <= first + 5


def make_limiter(max_entries: int, most: u64) -> tuple[osmia.XdpProgram, HashMap[u32, u64]]:
    """A program made for its arguments: they are constants in it, and the map is its own."""
    packets = HashMap(u32, u64, max_entries=max_entries)

    @function(inline=False)
    def is_allowed(number: u64) -> bool:
        return number <= most

    @xdp
    def limiter(ctx: XdpContext) -> XdpAction:
        packets[ctx.length] += 1
        place = packets.lookup(ctx.length)
        if place is None:
            return XdpAction.ABORTED
        return XdpAction.PASS if is_allowed(place.value) else XdpAction.DROP

    return limiter, packets


@pytest.mark.parametrize("open_bpf", [osmia.simulate, osmia.load], ids=["simulated", "kernel"])
def test_a_program_is_specialised_by_the_arguments_of_what_makes_it(
    open_bpf: Callable[[osmia.XdpProgram], Bpf],
) -> None:
    for max_entries, most in ((1, 2), (2, 3)):
        limiter, packets = make_limiter(max_entries, u64(most))
        with open_bpf(limiter) as bpf:
            actions = [bpf[limiter].run(bytes(64)).action for _ in range(4)]
            assert actions == [XdpAction.PASS] * most + [XdpAction.DROP] * (4 - most)
            bpf[limiter].run(bytes(65))
            assert len(bpf[packets]) == max_entries
