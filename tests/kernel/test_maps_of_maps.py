"""Maps of maps: user space exchanges whole maps under programs that run; in the kernel and the simulation."""

from __future__ import annotations

from pathlib import Path

import pytest

import osmia
from osmia import (
    ArrayMap,
    ArrayOfMaps,
    Bpf,
    CompileError,
    HashMap,
    HashOfMaps,
    LpmTrie,
    MapFullError,
    PerCpuArray,
    SpinLock,
    UsageError,
    XdpAction,
    XdpContext,
    be32,
    u32,
    u64,
    xdp,
)
from osmia.uapi import MapType
from tests.builders.clang import compile_c

PACKET = bytes(60)


@osmia.struct
class Total:
    packets: u64
    bytes: u64


turns = ArrayOfMaps(ArrayMap(u64, max_entries=4), max_entries=2)
by_length = HashOfMaps(u32, HashMap(u32, Total, max_entries=8), max_entries=2)
spread = ArrayOfMaps(PerCpuArray(u64, max_entries=1), max_entries=1)
active = osmia.Global(u32(0))


@xdp
def count(ctx: XdpContext) -> XdpAction:
    current = turns.lookup(active.value)
    if current is None:
        return XdpAction.ABORTED
    current[u32(1)] += 1
    place = current.lookup(u32(2))
    if place is not None:
        place.value += u64(ctx.length)
    each = spread.lookup(0)
    if each is not None:
        each[u32(0)] += 5
    return XdpAction.PASS


@xdp
def use_entries(ctx: XdpContext) -> XdpAction:
    totals = by_length.lookup(ctx.length)
    if totals is None:
        return XdpAction.DROP
    if u32(1) in totals:
        total = totals.lookup(u32(1))
        if total is not None:
            total.packets += 1
            total.bytes += u64(ctx.length)
    else:
        totals[u32(1)] = Total(packets=u64(1), bytes=u64(ctx.length))
        if not totals.insert(u32(2), Total(packets=u64(7), bytes=u64(7))):
            return XdpAction.ABORTED
    del totals[u32(3)]
    return XdpAction.PASS


def check_turns(bpf: Bpf) -> None:
    maps = bpf[turns]
    assert len(maps) == 0
    assert bpf[count].run(PACKET).action is XdpAction.ABORTED
    first, second = maps.create(), maps.create()
    maps[0] = first
    maps[1] = second
    for _ in range(3):
        assert bpf[count].run(PACKET).action is XdpAction.PASS
    bpf[active].value = u32(1)
    assert bpf[count].run(PACKET).action is XdpAction.PASS
    assert [first[1], first[2]] == [3, 180]
    assert [second[1], second[2]] == [1, 60]
    # What is read back is the same map.
    assert maps[0][1] == 3
    maps[0][1] = u64(10)
    assert first[1] == 10
    # An exchange is seen by the next run.
    maps[1] = first
    bpf[count].run(PACKET)
    assert first[1] == 11
    assert second[1] == 1
    assert sorted(maps) == [0, 1]
    del maps[1]
    assert bpf[count].run(PACKET).action is XdpAction.ABORTED
    assert 1 not in maps
    assert 7 not in maps
    with pytest.raises(KeyError):
        maps[1]
    with pytest.raises(KeyError):
        del maps[1]
    with pytest.raises(UsageError, match="cannot stand in"):
        maps[0] = bpf[by_length].create()  # type: ignore[assignment]


def check_entries(bpf: Bpf) -> None:
    maps = bpf[by_length]
    assert bpf[use_entries].run(PACKET).action is XdpAction.DROP
    maps[u32(60)] = maps.create()
    maps[u32(60)][u32(3)] = Total(packets=u64(0), bytes=u64(0))
    for _ in range(3):
        assert bpf[use_entries].run(PACKET).action is XdpAction.PASS
    found = {int(key): value for key, value in maps[u32(60)].items()}
    assert found == {
        1: Total(packets=u64(3), bytes=u64(180)),
        2: Total(packets=u64(7), bytes=u64(7)),
    }
    assert bpf[use_entries].run(PACKET + b"\0").action is XdpAction.DROP
    maps[u32(61)] = maps.create()
    with pytest.raises(MapFullError):
        maps[u32(62)] = maps.create()
    assert sorted(int(key) for key in maps) == [60, 61]
    assert maps.get(u32(62)) is None


def test_maps_take_turns_in_the_kernel() -> None:
    with osmia.load(count, use_entries) as bpf:
        bpf[spread][0] = bpf[spread].create()
        check_turns(bpf)
        assert bpf[spread][0][0].sum() == 25


def test_maps_take_turns_in_the_simulation() -> None:
    with osmia.simulate(count, use_entries) as bpf:
        bpf[spread][0] = bpf[spread].create()
        check_turns(bpf)
        assert bpf[spread][0][0].sum() == 25


def test_entries_of_maps_in_the_kernel() -> None:
    with osmia.load(use_entries) as bpf:
        check_entries(bpf)


def test_entries_of_maps_in_the_simulation() -> None:
    with osmia.simulate(use_entries) as bpf:
        check_entries(bpf)


def test_what_the_compiler_refuses() -> None:
    @xdp
    def wrong(ctx: XdpContext) -> XdpAction:
        turns[0] = u32(1)  # type: ignore[index]
        maps = turns.lookup(0)
        maps[u32(1)] += 1  # type: ignore[index]
        del maps[u32(1)]  # type: ignore[union-attr]
        if u32(1) in maps:  # type: ignore[operator]
            return XdpAction.DROP
        maps.lookup(u32(1))  # type: ignore[union-attr]
        return XdpAction.PASS

    with pytest.raises(CompileError) as caught:
        osmia.load(wrong)
    codes = [each.code for each in caught.value.diagnostics]
    assert codes == ["no-entries", *["unchecked-lookup"] * 4]


def test_what_cannot_stand_in_a_map() -> None:
    @osmia.struct
    class Locked:
        count: u64
        lock: SpinLock = SpinLock()

    with pytest.raises(TypeError, match="not a LpmTrie"):
        ArrayOfMaps(LpmTrie(be32, u64, max_entries=1), max_entries=1)
    with pytest.raises(TypeError, match="SpinLock"):
        HashOfMaps(u32, HashMap(u32, Locked, max_entries=1), max_entries=1)


CLANG = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct inner {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, __u32);
    __type(value, __u64);
    __uint(max_entries, 1);
} one SEC(".maps"), two SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __type(key, __u32);
    __uint(max_entries, 2);
    __array(values, struct inner);
} outer SEC(".maps") = { .values = { &one, &two } };
SEC("xdp") int add(struct xdp_md *ctx)
{
    __u32 key = 1, zero = 0;
    void *inner = bpf_map_lookup_elem(&outer, &key);
    if (!inner)
        return XDP_ABORTED;
    __u64 *value = bpf_map_lookup_elem(inner, &zero);
    if (!value)
        return XDP_DROP;
    *value += 3;
    return XDP_PASS;
}
"""


def test_an_object_of_clang(tmp_path: Path) -> None:
    path = tmp_path / "maps.o"
    path.write_bytes(compile_c(CLANG))
    with osmia.load(path) as bpf:
        outer = bpf.object.spec.maps["outer"]
        assert outer.maps == {0: "one", 1: "two"}
        assert outer.inner is not None
        assert outer.inner.type is MapType.ARRAY
        assert bpf.program("add").run(PACKET).value == XdpAction.PASS
        contents = {name: bpf.object.maps[name] for name in ("one", "two")}
        found = {name: made.kernel.map_lookup(made.fileno(), bytes(4), 8) for name, made in contents.items()}
    assert found == {"one": bytes(8), "two": (3).to_bytes(8, "little")}
