"""Map handles over a kernel that is a dictionary."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from osmia.errors import MapFullError, UsageError
from osmia.loader import (
    ArrayHandle,
    BytesCodec,
    HashMapHandle,
    IntegerCodec,
    MapObject,
    MapSpec,
    PerCpuArrayHandle,
    PerCpuHashMapHandle,
    PerCpuValues,
    PrefixCodec,
    bytes_handle,
    create_map,
)
from osmia.loader.map_contents import keys
from osmia.uapi import MapType
from tests.builders.fake_kernel import FakeKernel

U32, U64 = IntegerCodec(4), IntegerCodec(8)


@pytest.fixture(params=[True, False], ids=["batch", "by key"])
def kernel(request: pytest.FixtureRequest) -> Iterator[FakeKernel]:
    kernel = FakeKernel(has_batches=request.param)
    yield kernel
    assert not kernel.open


def made(kernel: FakeKernel, type: MapType, key: int = 4, value: int = 8, entries: int = 8) -> MapObject:
    return create_map(kernel, MapSpec("table", type, key, value, entries))


def test_hash_map_is_a_mapping(kernel: FakeKernel) -> None:
    with made(kernel, MapType.HASH) as map_object:
        table = HashMapHandle(map_object, U32, U64)
        table[1] = 10
        table[2] = 20
        assert table[1] == 10
        assert table.get(3) is None
        assert dict(table) == {1: 10, 2: 20} == dict(table.items())
        assert list(table.values()) == [10, 20]
        assert len(table) == 2
        assert 2 in table
        assert 3 not in table
        assert not table.__contains__("no key")
        assert table.pop(1) == 10
        with pytest.raises(KeyError):
            table[1]
        with pytest.raises(KeyError):
            del table[1]
        assert table.insert(5, 1)
        assert not table.insert(5, 2)
        assert table[5] == 1
        table.clear()
        assert dict(table) == {}


def test_full_map_names_itself(kernel: FakeKernel) -> None:
    with made(kernel, MapType.HASH, entries=2) as map_object:
        table = HashMapHandle(map_object, U32, U64)
        table.update_many({1: 1, 2: 2})
        with pytest.raises(MapFullError, match="'table' is full: it has room for 2 entries") as caught:
            table[3] = 3
        assert caught.value.errno == errno.E2BIG
        with pytest.raises(MapFullError):
            table.update_many({4: 4})
        table[2] = 9
        assert dict(table) == {1: 1, 2: 9}


def test_values_out_of_range_are_refused(kernel: FakeKernel) -> None:
    with made(kernel, MapType.HASH) as map_object:
        table = HashMapHandle(map_object, U32, U64)
        with pytest.raises(UsageError, match="does not fit into 4 bytes"):
            table[1 << 40] = 1
        with pytest.raises(UsageError, match="does not fit into 8 bytes"):
            table[1] = -1
        assert len(table) == 0


def test_codecs_of_another_size_are_refused(kernel: FakeKernel) -> None:
    with made(kernel, MapType.HASH) as map_object:
        with pytest.raises(UsageError, match="the key of map 'table' has 4 bytes, not 8"):
            HashMapHandle(map_object, U64, U64)
        with pytest.raises(UsageError, match="the value of map 'table' has 8 bytes, not 4"):
            HashMapHandle(map_object, U32, U32)
        with pytest.raises(UsageError, match="is a HASH map"):
            ArrayHandle(map_object, U64)
        with pytest.raises(UsageError, match="is a HASH map"):
            PerCpuHashMapHandle(map_object, U32, U64)


def test_array_has_all_indices(kernel: FakeKernel) -> None:
    with made(kernel, MapType.ARRAY, entries=3) as map_object:
        table = ArrayHandle(map_object, U64)
        table[2] = 7
        assert list(table.values()) == [0, 0, 7]
        assert dict(table.items()) == {0: 0, 1: 0, 2: 7}
        for index in (3, -1, 1 << 40):
            with pytest.raises(KeyError):
                table[index]
            with pytest.raises(KeyError):
                table[index] = 1
            assert index not in table


def test_per_cpu_values_are_padded_to_eight_bytes(kernel: FakeKernel) -> None:
    with made(kernel, MapType.PERCPU_HASH, value=4) as map_object:
        table = PerCpuHashMapHandle(map_object, U32, U32)
        table[1] = [1, 2, 3, 0xFFFFFFFF]
        assert table[1] == PerCpuValues([1, 2, 3, 0xFFFFFFFF])
        assert table[1].sum() == 0x100000005
        assert table[1].reduce(max) == 0xFFFFFFFF
        raw = table.contents()
        assert (raw.count, len(raw.values)) == (1, 32)
        with pytest.raises(UsageError, match="3 values given for 4 possible CPUs"):
            table[1] = [1, 2, 3]
    with made(kernel, MapType.PERCPU_ARRAY, entries=2) as map_object:
        totals = PerCpuArrayHandle(map_object, U64)
        totals[1] = (4, 3, 2, 1)
        assert [values.sum() for values in totals.values()] == [0, 10]
        with pytest.raises(KeyError):
            totals[2] = (0, 0, 0, 0)


def test_sum_of_bytes_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        PerCpuValues([b"ab", b"cd"]).sum()


def test_prefixes_are_keys(kernel: FakeKernel) -> None:
    with made(kernel, MapType.LPM_TRIE, key=8, value=4) as map_object:
        table = HashMapHandle(map_object, PrefixCodec(IntegerCodec(4, big_endian=True)), U32)
        table[0x0A000000, 8] = 1
        assert list(table) == [(0x0A000000, 8)]
        assert table.contents().keys == bytes([8, 0, 0, 0, 10, 0, 0, 0])
        for address, length in ((0x0A000001, 8), (0, 33), (0, -1)):
            with pytest.raises(UsageError):
                table[address, length] = 1


def test_iteration_ends_while_the_map_changes(kernel: FakeKernel) -> None:
    kernel.delete_during_walk = True
    with made(kernel, MapType.HASH) as map_object:
        table = HashMapHandle(map_object, U32, U64)
        for key in range(8):
            table[key] = key
        found = list(keys(map_object))
        assert len(found) <= 2 * 8 + 64
        assert len(found) == len(set(found))
        assert len(list(table.items())) <= 2 * 8 + 64


def test_batches_grow_where_a_bucket_is_full() -> None:
    kernel = FakeKernel(refuse={"map_lookup_batch": [errno.ENOSPC, errno.ENOSPC]})
    with create_map(kernel, MapSpec("table", MapType.HASH, 4, 8, 1 << 20)) as map_object:
        table = HashMapHandle(map_object, U32, U64)
        table.update_many({number: number for number in range(10_000)})
        assert sum(table.values()) == sum(range(10_000))
    # 4096 and 8192 were too few: then 16384 at once.
    assert kernel.calls.count("map_lookup_batch") == 3


def test_clear_goes_on_where_somebody_else_deletes(
    kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made(kernel, MapType.HASH) as map_object:
        table = HashMapHandle(map_object, U32, U64)
        table.update_many(dict.fromkeys(range(8), 0))
        before = table.contents()
        del table[3]
        monkeypatch.setattr(table, "contents", lambda: before)
        table.clear()
        assert len(table) == 0


def test_unknown_types_are_bytes(kernel: FakeKernel) -> None:
    with made(kernel, MapType.LRU_HASH, value=3) as map_object:
        table = bytes_handle(map_object)
        assert isinstance(table, HashMapHandle)
        assert not isinstance(table, PerCpuHashMapHandle)
        table[b"abcd"] = b"xyz"
        assert dict(table) == {b"abcd": b"xyz"}
        with pytest.raises(UsageError, match="2 bytes given where the map takes 3"):
            BytesCodec(3).encode(b"ab")
    with made(kernel, MapType.RINGBUF, key=0, value=0, entries=4096) as ring:
        with pytest.raises(UsageError, match="no entries to read"):
            bytes_handle(ring)


def test_map_sizes_fit_the_machine(kernel: FakeKernel) -> None:
    sizes = {}
    for type, entries in ((MapType.PERF_EVENT_ARRAY, 0), (MapType.RINGBUF, 5000)):
        with made(kernel, type, entries=entries) as map_object:
            sizes[type] = kernel.map_of(map_object.fileno()).max_entries
    assert sizes == {MapType.PERF_EVENT_ARRAY: 4, MapType.RINGBUF: 8192}


def test_closed_map_is_refused(kernel: FakeKernel) -> None:
    map_object = made(kernel, MapType.HASH)
    table = HashMapHandle(map_object, U32, U64)
    map_object.close()
    map_object.close()
    with pytest.raises(UsageError, match="closed"):
        table[1] = 1
