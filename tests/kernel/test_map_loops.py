"""Loops over the entries of a map: in the kernel and as plain Python, with the same result."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import osmia
from osmia import (
    ArrayMap,
    Bpf,
    HashMap,
    PerCpuHashMap,
    XdpAction,
    XdpContext,
    struct,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.lang.memory import encode

FRAME = bytes(64)


@struct
class Place:
    row: u16
    column: u32


@struct
class Counted:
    packets: u64
    marked: bool


by_number = HashMap(u32, u64, max_entries=64)
by_place = HashMap(Place, Counted, max_entries=8)
per_cpu = PerCpuHashMap(u32, u64, max_entries=8)
sums = ArrayMap(u64, max_entries=8)


@xdp
def going_over(ctx: XdpContext) -> XdpAction:
    total, largest = u64(0), u32(0)
    for number, count in by_number.items():
        if number % 2 == 1:
            continue
        total += count.value
        count.value += 1
        if number > largest:
            largest = number
    sums[u32(0)] = total
    sums[u32(1)] = u64(largest)
    rows = u64(0)
    for place, counted in by_place.items():
        rows += u64(place.row) * u64(place.column) + counted.packets
        counted.marked = True
        if place.row == 9:
            del by_place[place]
    sums[u32(2)] = rows
    for number, own in per_cpu.items():
        rows += u64(number)
        own.value += 5
    return XdpAction.PASS if total == 3 else XdpAction.TX


@xdp
def leaving(ctx: XdpContext) -> XdpAction:
    for number, count in by_number.items():
        for index, place in sums.items():
            if u64(index) == 7:
                place.value += count.value
                break
        if number == 40:
            return XdpAction.DROP
    sums[u32(6)] = u64(1)
    return XdpAction.PASS


def results(bpf: Bpf) -> list[object]:
    outcome: list[object] = [bpf[going_over].run(FRAME).action]
    for number in range(10):
        bpf[by_number][u32(number)] = u64(number)
    for row in (1, 9):
        bpf[by_place][Place(row=u16(row), column=u32(3))] = Counted(packets=u64(row), marked=False)

    outcome += [bpf[going_over].run(FRAME).action, bpf[leaving].run(FRAME).action]
    bpf[by_number][u32(40)] = u64(8)
    outcome.append(bpf[leaving].run(FRAME).action)
    outcome.append({int(key): int(value) for key, value in bpf[by_number].items()})
    outcome.append(
        {encode(Place, key): (int(value.packets), value.marked) for key, value in bpf[by_place].items()}
    )
    sums_now = [int(value) for value in bpf[sums].values()]
    outcome.append(sums_now[:3] + sums_now[6:7])
    return outcome


def test_entries_as_plain_python() -> None:
    with osmia.simulate(going_over, leaving) as bpf:
        first, second, third, fourth, numbers, places, totals = results(bpf)
    assert (first, second, third, fourth) == (XdpAction.TX, XdpAction.TX, XdpAction.PASS, XdpAction.DROP)
    assert numbers == {0: 1, 1: 1, 2: 3, 3: 3, 4: 5, 5: 5, 6: 7, 7: 7, 8: 9, 9: 9, 40: 8}
    assert places == {encode(Place, Place(row=u16(1), column=u32(3))): (1, True)}
    assert totals == [20, 8, 3 + 1 + 27 + 9, 1]


def test_entries_are_the_same_in_the_kernel() -> None:
    with osmia.simulate(going_over, leaving) as bpf:
        expected = results(bpf)
    with osmia.load(going_over, leaving) as bpf:
        assert results(bpf) == expected


@pytest.mark.parametrize("open_bpf", [osmia.simulate, osmia.load], ids=["simulated", "kernel"])
def test_a_map_without_entries_makes_no_turn(
    open_bpf: Callable[[osmia.XdpProgram], Bpf],
) -> None:
    with open_bpf(leaving) as bpf:
        assert bpf[leaving].run(FRAME).action is XdpAction.PASS
        assert bpf[sums][6] == 1
