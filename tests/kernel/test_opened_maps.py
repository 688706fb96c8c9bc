"""Maps that are pinned, opened by name or number, frozen, and read in columns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import osmia
from osmia import (
    ArrayMap,
    HashMap,
    KernelError,
    PerCpuArray,
    PerCpuHashMap,
    RingBuf,
    UsageError,
    XdpAction,
    XdpContext,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.sys import RUNNING_KERNEL


@osmia.struct
class Pair:
    first: u32
    second: u16


lengths = HashMap(u32, u64, max_entries=64)
pairs = HashMap(u16, Pair, max_entries=64)
array = ArrayMap(u32, max_entries=4)
per_cpu = PerCpuHashMap(u32, u32, max_entries=64)
per_cpu_array = PerCpuArray(u64, max_entries=2)
events = RingBuf(Pair, byte_size=4096)


@xdp
def fill(ctx: XdpContext) -> XdpAction:
    lengths[ctx.length] += 1
    pairs[u16(ctx.length)] = Pair(first=ctx.length, second=u16(7))
    array[1] += 2
    per_cpu[ctx.length] += 3
    per_cpu_array[1] += 4
    events.output(Pair(first=u32(1), second=u16(2)))
    return XdpAction.PASS


@pytest.fixture
def loaded() -> Iterator[osmia.LoadedBpf]:
    with osmia.load(fill) as bpf:
        for length in (60, 60, 80):
            bpf[fill].run(bytes(length))
        yield bpf


@pytest.fixture
def folder() -> Iterator[Path]:
    root = RUNNING_KERNEL.mounts().get("bpf")
    if root is None:
        pytest.skip("no bpffs is mounted")
    path = Path(root) / f"osmia-test-{os.getpid()}"
    path.mkdir()
    try:
        yield path
    finally:
        for each in path.iterdir():
            each.unlink()
        path.rmdir()


def test_a_pinned_map_is_the_same_map(loaded: osmia.LoadedBpf, folder: Path) -> None:
    loaded.map_object(lengths).pin(folder / "lengths")
    loaded.map_object(array).pin(folder / "array")
    with osmia.open_map(folder / "lengths", u32, u64) as opened:
        assert dict(opened) == {60: 2, 80: 1}
        opened[u32(99)] = u64(5)
    loaded.close()
    with osmia.open_map(str(folder / "lengths"), u32, u64) as opened:
        assert opened[u32(99)] == 5
    with osmia.open_array(folder / "array", u32) as opened_array:
        assert opened_array[1] == 6


def test_a_map_is_opened_by_its_number(loaded: osmia.LoadedBpf) -> None:
    with osmia.open_per_cpu_map(loaded.map_object(per_cpu).id, u32, u32) as opened:
        assert opened[u32(60)].sum() == 6
    with osmia.open_per_cpu_array(loaded.map_object(per_cpu_array).id, u64) as opened_array:
        assert opened_array[1].sum() == 12
    with pytest.raises(UsageError, match="no map 4294967295"), osmia.open_map(2**32 - 1, u32, u32):
        pass


def test_what_does_not_fit_is_named(loaded: osmia.LoadedBpf, folder: Path, tmp_path: Path) -> None:
    loaded.map_object(lengths).pin(folder / "lengths")
    with pytest.raises(UsageError, match="the name is taken"):
        loaded.map_object(lengths).pin(folder / "lengths")
    with pytest.raises(UsageError, match="not in a bpffs"):
        loaded.map_object(lengths).pin(tmp_path / "lengths")
    with pytest.raises(UsageError, match="nothing is pinned"), osmia.open_map(folder / "no", u32, u64):
        pass
    with pytest.raises(UsageError, match="4 bytes, not 8"), osmia.open_map(folder / "lengths", u64, u64):
        pass
    with pytest.raises(UsageError, match="is a HASH map"), osmia.open_array(folder / "lengths", u64):
        pass


def test_a_frozen_map_is_read_only_for_user_space(loaded: osmia.LoadedBpf) -> None:
    loaded.map_object(array).freeze()
    with pytest.raises(KernelError, match="read-only"):
        loaded[array][0] = u32(1)
    loaded[fill].run(bytes(60))
    assert loaded[array][1] == 8


def test_maps_in_columns(loaded: osmia.LoadedBpf) -> None:
    table = loaded.to_numpy(lengths)
    assert sorted(table.tolist()) == [(60, 2), (80, 1)]
    table = loaded.to_numpy(pairs)
    assert sorted(table["key"]) == [60, 80]
    assert set(table["value"]["second"]) == {7}
    table = loaded.to_numpy(per_cpu)
    assert dict(zip(table["key"].tolist(), table["value"].sum(axis=1).tolist(), strict=True)) == {
        60: 6,
        80: 3,
    }
    assert loaded.to_numpy(per_cpu_array)["value"].sum(axis=1).tolist() == [0, 12]
    assert loaded.to_numpy(array)["value"].tolist() == [0, 6, 0, 0]
    with pytest.raises(UsageError, match="columns"):
        loaded.to_numpy(events)
