"""Histograms in the kernel: the same counts as in the simulation, and the instructions that they take."""

from __future__ import annotations

import random

import osmia
from osmia import (
    ArrayMap,
    Bpf,
    Histogram,
    LinearHistogram,
    Log2Histogram,
    XdpAction,
    XdpContext,
    i8,
    i32,
    i64,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.bpf.loaded_programs import LoadedXdp


@struct
class Place:
    port: u16
    queue: u8


value = ArrayMap(u64, max_entries=1)
wide = Log2Histogram(u64)
narrow = Log2Histogram(i32)
byte = Log2Histogram(i8)
lengths = LinearHistogram(u32, step=10, buckets=5)
signed = LinearHistogram(i64, start=-20, step=7, buckets=5)
by_byte = Log2Histogram(u64, key=u8, max_entries=1)
by_place = LinearHistogram(u64, start=100, step=1000, buckets=8, key=Place, max_entries=64)


@xdp
def record(ctx: XdpContext) -> XdpAction:
    number = value.lookup(0)
    if number is not None:
        wide.record(number.value)
        narrow.record(i32(number.value))
        byte.record(i8(number.value))
        lengths.record(u32(number.value))
        signed.record(i64(number.value))
        by_byte.record(u8(number.value), number.value)
        by_place.record(Place(port=u16(number.value & 3), queue=u8(1)), number.value)
    return XdpAction.PASS


@xdp
def empty(ctx: XdpContext) -> XdpAction:
    wide.record(u64(1))
    return XdpAction.PASS


@xdp
def one_value(ctx: XdpContext) -> XdpAction:
    wide.record(u64(ctx.ingress_ifindex) << 3)
    return XdpAction.PASS


def counts_of(bpf: Bpf, numbers: list[int]) -> tuple[list[Histogram], list[object]]:
    for number in numbers:
        bpf[value][0] = u64(number)
        bpf[record].run(bytes(64))
    keyed: list[object] = [dict(bpf[by_byte]), bpf[by_byte].lost, dict(bpf[by_place]), bpf[by_place].lost]
    return [bpf[wide], bpf[narrow], bpf[byte], bpf[lengths], bpf[signed]], keyed


def test_kernel_and_simulation_count_the_same() -> None:
    source = random.Random(7)
    powers = [1 << bit for bit in range(64)]
    edges = [0, (1 << 64) - 1, *powers, *(power - 1 for power in powers), *(-power for power in powers)]
    numbers = [number % (1 << 64) for number in edges]
    numbers += [source.getrandbits(64) >> source.randrange(64) for _ in range(300)]
    numbers += [source.randrange(-40, 60) % (1 << 64) for _ in range(200)]
    with osmia.simulate(record, processors=1) as simulated, osmia.load(record) as loaded:
        expected = counts_of(simulated, numbers)
        assert counts_of(loaded, numbers) == expected
    assert {histogram.total for histogram in expected[0]} == {len(numbers)}
    assert expected[1][1] != 0


def test_finding_a_log2_bucket_takes_few_instructions() -> None:
    """The difference to a program that records a constant, whose bucket LLVM has found."""

    def instructions(handle: LoadedXdp) -> int:
        return handle.handle.info().xlated_size // 8

    with osmia.load(empty, one_value) as bpf:
        known, found = bpf[empty], bpf[one_value]
        assert isinstance(known, LoadedXdp)
        assert isinstance(found, LoadedXdp)
        # 21 for the bucket; to read the value and to store the key in other ways takes the rest.
        assert instructions(found) - instructions(known) <= 25
