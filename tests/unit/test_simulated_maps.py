"""Maps of the simulated kernel: what each type does in programs and in user space."""

from __future__ import annotations

import os
import select
import threading
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given, strategies as st

import osmia
from osmia import (
    ArrayMap,
    HashMap,
    LpmTrie,
    LruHashMap,
    LruPerCpuHashMap,
    Map,
    MapFullError,
    PerCpuArray,
    PerCpuHashMap,
    PerfEventArray,
    RingBuf,
    SimulatedBpf,
    UsageError,
    XdpAction,
    XdpContext,
    be32,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.net import IPv4Address, IPv6Address


@struct
class Total:
    packets: u64
    bytes: u32


counts = HashMap(u32, u64, max_entries=3)
totals = HashMap(u32, Total, max_entries=3)
recent = LruHashMap(u32, u64, max_entries=3)
per_cpu = PerCpuHashMap(u32, u64, max_entries=3)
recent_per_cpu = LruPerCpuHashMap(u32, u64, max_entries=2)
array = ArrayMap(u32, max_entries=4)
array_per_cpu = PerCpuArray(u64, max_entries=2)
prefixes = LpmTrie(IPv4Address, u32, max_entries=4)
prefixes6 = LpmTrie(IPv6Address, u32, max_entries=4)
perf = PerfEventArray(Total)
ring = RingBuf(Total, byte_size=4096)


def touch_all() -> None:
    for used in (counts, totals, recent, per_cpu, recent_per_cpu, array, array_per_cpu, prefixes, prefixes6):
        assert isinstance(used, Map)
    assert perf is not None
    assert ring is not None


@xdp
def program(ctx: XdpContext) -> XdpAction:
    touch_all()
    return XdpAction.PASS


def simulation() -> SimulatedBpf:
    return osmia.simulate(program)


def test_hash_in_user_space_is_a_mapping() -> None:
    with simulation() as bpf:
        handle = bpf[counts]
        handle[u32(1)] = u64(10)
        handle[u32(2)] = u64(20)
        assert dict(handle) == {u32(1): u64(10), u32(2): u64(20)}
        assert (len(handle), u32(1) in handle, u32(9) in handle) == (2, True, False)
        assert handle.get(u32(9)) is None
        del handle[u32(1)]
        with pytest.raises(KeyError):
            handle[u32(1)]
        with pytest.raises(KeyError):
            del handle[u32(1)]
        handle[u32(1)] = handle[u32(3)] = u64(1)
        with pytest.raises(MapFullError, match="room for 3 entries"):
            handle[u32(4)] = u64(1)
        handle[u32(3)] = u64(2)
        handle.clear()
        assert not handle


def test_hash_in_programs() -> None:
    with simulation() as bpf:
        counts[u32(1)] += 1
        counts[u32(1)] += 5
        assert bpf[counts][u32(1)] == 6
        place = counts.lookup(u32(1))
        assert place is not None
        place.value += 10
        assert bpf[counts][u32(1)] == 16
        assert counts.lookup(u32(2)) is None
        assert counts.insert(u32(2), u64(2)) is True
        assert counts.insert(u32(2), u64(3)) is False
        counts[u32(3)] = u64(3)
        assert counts.insert(u32(4), u64(4)) is False
        counts[u32(4)] = u64(4)
        counts[u32(4)] += 1
        assert u32(4) not in counts
        del counts[u32(3)]
        del counts[u32(3)]
        assert set(bpf[counts]) == {u32(1), u32(2)}


def test_a_looked_up_struct_is_the_map_s_own_memory() -> None:
    with simulation() as bpf:
        totals[u32(1)] = Total(packets=u64(1), bytes=u32(60))
        total = totals.lookup(u32(1))
        assert total is not None
        total.packets += 1
        total.bytes -= 61
        copy = bpf[totals][u32(1)]
        assert copy == Total(packets=u64(2), bytes=u32(2**32 - 1))
        copy.packets = u64(99)
        assert bpf[totals][u32(1)].packets == 2


def test_a_replaced_value_is_a_new_place() -> None:
    with simulation():
        counts[u32(1)] = u64(1)
        before = counts.lookup(u32(1))
        assert before is not None
        counts[u32(1)] = u64(2)
        assert before.value == 1
        del counts[u32(1)]
        assert before.value == 1


def test_lru_gives_up_what_programs_used_least() -> None:
    with simulation() as bpf:
        for key in (1, 2, 3):
            recent[u32(key)] = u64(key)
        assert recent.lookup(u32(1)) is not None
        assert bpf[recent][u32(2)] == 2
        recent[u32(4)] = u64(4)
        assert set(bpf[recent]) == {u32(3), u32(1), u32(4)}
        bpf[recent][u32(5)] = u64(5)
        assert set(bpf[recent]) == {u32(1), u32(4), u32(5)}


@given(st.lists(st.tuples(st.sampled_from(["set", "look", "delete", "insert"]), st.integers(0, 6))))
def test_lru_against_an_ordered_dictionary(steps: list[tuple[str, int]]) -> None:
    model: OrderedDict[int, int] = OrderedDict()

    def put(key: int, value: int) -> None:
        if key not in model and len(model) == 3:
            model.popitem(last=False)
        model[key] = value
        model.move_to_end(key)

    with simulation() as bpf:
        for number, (step, key) in enumerate(steps):
            if step == "set":
                recent[u32(key)] = u64(number)
                put(key, number)
            elif step == "insert":
                assert recent.insert(u32(key), u64(number)) is (key not in model)
                if key not in model:
                    put(key, number)
            elif step == "look":
                assert (recent.lookup(u32(key)) is None) is (key not in model)
                if key in model:
                    model.move_to_end(key)
            else:
                del recent[u32(key)]
                model.pop(key, None)
        assert {int(k): int(v) for k, v in bpf[recent].items()} == model


def test_per_cpu_hash_has_a_value_for_each_processor() -> None:
    with simulation() as bpf:
        per_cpu[u32(1)] += 5
        bpf.kernel.processor = 2
        per_cpu[u32(1)] += 7
        values = bpf[per_cpu][u32(1)]
        assert list(values) == [5, 0, 7, 0]
        assert (values.sum(), len(values), values[2]) == (12, 4, u64(7))
        assert values.reduce(max) == u64(7)
        bpf[per_cpu][u32(2)] = [u64(1), u64(2), u64(3), u64(4)]
        place = per_cpu.lookup(u32(2))
        assert place is not None
        assert place.value == 3
        with pytest.raises(UsageError, match="4 processors"):
            bpf[per_cpu][u32(2)] = [u64(1)]
        del bpf[per_cpu][u32(1)]
        assert list(bpf[per_cpu].keys()) == [u32(2)]
        assert bpf[per_cpu].get(u32(1)) is None


def test_a_new_per_cpu_entry_is_zero_elsewhere_and_lru_evicts_it_as_a_whole() -> None:
    with simulation() as bpf:
        bpf.kernel.processor = 3
        for key in (1, 2, 3):
            recent_per_cpu[u32(key)] = u64(key)
        assert {int(key): list(values) for key, values in bpf[recent_per_cpu].items()} == {
            2: [0, 0, 0, 2],
            3: [0, 0, 0, 3],
        }


def test_sums_are_not_wrapped_and_structs_have_none() -> None:
    with simulation() as bpf:
        bpf[per_cpu][u32(1)] = [u64(2**64 - 1)] * 4
        assert bpf[per_cpu][u32(1)].sum() == 4 * (2**64 - 1)


def test_array() -> None:
    with simulation() as bpf:
        handle = bpf[array]
        assert dict(handle.items()) == dict.fromkeys(range(4), u32(0))
        array[u32(1)] += 3
        array[3] = u32(2**32 - 1)
        array[3] += 2
        assert list(handle.values()) == [0, 3, 0, 1]
        array[4] += 1
        array[4] = u32(1)
        assert array.lookup(4) is None
        assert array.lookup(u32(3)) is not None
        assert array.insert(0, u32(1)) is False
        del array[1]
        assert handle[1] == 3
        handle[u8(2)] = u32(8)
        assert handle[u16(2)] == 8
        assert (len(handle), 3 in handle, 4 in handle) == (4, True, False)
        for wrong in (4, -1, 2**40):
            with pytest.raises(KeyError):
                handle[wrong]
            with pytest.raises(KeyError):
                handle[wrong] = u32(1)
        assert list(handle.values()) == [0, 3, 8, 1]


def test_an_array_s_value_stays_in_its_place() -> None:
    with simulation() as bpf:
        place = array.lookup(0)
        assert place is not None
        array[0] = u32(5)
        bpf[array][0] = bpf[array][0] + 1
        assert place.value == 6


def test_per_cpu_array() -> None:
    with simulation() as bpf:
        for processor in range(4):
            bpf.kernel.processor = processor
            array_per_cpu[1] += processor + 1
        assert list(bpf[array_per_cpu][1]) == [1, 2, 3, 4]
        assert [values.sum() for values in bpf[array_per_cpu].values()] == [0, 10]
        bpf[array_per_cpu][0] = [u64(9)] * 4
        assert bpf[array_per_cpu][0].sum() == 36
        with pytest.raises(KeyError):
            bpf[array_per_cpu][2]


def test_a_plain_int_that_does_not_fit_is_refused_not_wrapped() -> None:
    with simulation() as bpf:
        handle: Any = bpf[counts]
        with pytest.raises(ValueError, match="does not fit into u32"):
            handle[2**40] = u64(1)
        with pytest.raises(ValueError, match="does not fit into u64"):
            handle[u32(1)] = -1
        with pytest.raises(TypeError, match="expected u32, got u64"):
            handle[u64(1)] = u64(1)
        assert len(handle) == 0


def test_trie_finds_the_longest_prefix() -> None:
    with simulation() as bpf:
        handle = bpf[prefixes]
        handle[IPv4Address("10.0.0.0"), 8] = u32(8)
        handle[IPv4Address("10.1.0.0"), 16] = u32(16)
        handle[IPv4Address("10.1.2.3"), 32] = u32(32)
        found = {
            text: None if (place := prefixes.lookup(IPv4Address(text))) is None else int(place.value)
            for text in ("10.1.2.3", "10.1.2.4", "10.2.0.0", "11.0.0.0")
        }
        assert found == {"10.1.2.3": 32, "10.1.2.4": 16, "10.2.0.0": 8, "11.0.0.0": None}
        assert IPv4Address("10.9.9.9") in prefixes
        assert handle[IPv4Address("10.1.9.9"), 32] == 16
        assert (IPv4Address("10.1.0.0"), 12) in handle
        assert (IPv4Address("10.0.0.0"), 7) not in handle
        with pytest.raises(KeyError):
            del handle[IPv4Address("10.1.0.0"), 12]
        del handle[IPv4Address("10.1.255.255"), 16]
        assert set(handle) == {(IPv4Address("10.0.0.0"), 8), (IPv4Address("10.1.2.3"), 32)}
        handle[IPv4Address("0.0.0.0"), 0] = u32(99)
        assert handle[IPv4Address("192.0.2.1"), 32] == 99


def test_trie_is_bounded_and_checks_prefixes() -> None:
    with simulation() as bpf:
        handle = bpf[prefixes]
        for length in range(4):
            handle[IPv4Address(0), length] = u32(length)
        handle[IPv4Address(0), 3] = u32(33)
        with pytest.raises(MapFullError, match="room for 4 entries"):
            handle[IPv4Address(0), 4] = u32(4)
        for wrong in (-1, 33):
            with pytest.raises(UsageError, match="0 to 32"):
                handle[IPv4Address(0), wrong] = u32(1)
        handle.clear()
        assert len(handle) == 0


addresses = st.integers(0, 2**128 - 1)


@given(
    entries=st.lists(st.tuples(addresses, st.integers(0, 128)), max_size=4),
    wanted=addresses,
    near=st.booleans(),
    flip=st.integers(0, 127),
)
def test_trie_against_a_search_through_all(
    entries: list[tuple[int, int]], wanted: int, near: bool, flip: int
) -> None:
    if near and entries:
        wanted = entries[0][0] ^ 1 << flip

    def address(number: int) -> IPv6Address:
        return IPv6Address(*(be32(number >> shift) for shift in (96, 64, 32, 0)))

    model: dict[tuple[int, int], int] = {}
    with simulation() as bpf:
        for number, (base, length) in enumerate(entries):
            bpf[prefixes6][address(base), length] = u32(number)
            model[base >> (128 - length), length] = number
        best = max(((n, v) for (p, n), v in model.items() if wanted >> (128 - n) == p), default=None)
        place = prefixes6.lookup(address(wanted))
        assert (None if place is None else int(place.value)) == (None if best is None else best[1])
        assert len(bpf[prefixes6]) == len(model)


def total(number: int) -> Total:
    return Total(packets=u64(number), bytes=u32(0))


def test_events_arrive_in_order_and_once() -> None:
    with simulation() as bpf:
        context = XdpContext(bytearray(14))
        reader = bpf[perf]
        for number in range(3):
            bpf.kernel.processor = number
            perf.output(context, total(number))
        assert [event.packets for event in reader.read(timeout=0)] == [0, 1, 2]
        assert reader.read(timeout=0) == []
        assert ring.output(total(7)) is True
        assert [event.packets for event in bpf[ring].read(timeout=0)] == [7]


@pytest.mark.parametrize("which", ["perf", "ring"])
def test_events_without_room_are_counted_as_lost(which: str) -> None:
    with simulation() as bpf:
        context = XdpContext(bytearray(14))
        sent = 20_000
        if which == "perf":
            for number in range(sent):
                perf.output(context, total(number))
            reader = bpf[perf]
        else:
            accepted = [ring.output(total(number)) for number in range(sent)]
            # A record takes a header of 8 bytes and 16 of data; one byte of the buffer stays free.
            assert accepted.count(True) == 4095 // 24
            reader = bpf[ring]
        received = reader.read(timeout=0)
        assert 0 < len(received) < sent
        assert len(received) + reader.lost == sent
        assert [event.packets for event in received] == list(range(len(received)))
        perf.output(context, total(1))
        ring.output(total(1))
        assert len(reader.read(timeout=0)) == 1


def test_each_processor_has_a_perf_buffer_of_its_own() -> None:
    with simulation() as bpf:
        context = XdpContext(bytearray(14))
        while bpf[perf].lost == 0:
            perf.output(context, total(0))
        bpf.kernel.processor = 1
        perf.output(context, total(1))
        assert bpf[perf].lost == 1


def test_a_reader_waits_for_another_thread_and_ends_with_the_simulation() -> None:
    received: list[int] = []
    with simulation() as bpf:
        reader = bpf[ring]
        thread = threading.Thread(target=lambda: received.extend(int(event.packets) for event in reader))
        thread.start()
        for number in range(100):
            ring.output(total(number))
    thread.join()
    assert received == list(range(100))


def test_a_reader_can_be_polled() -> None:
    with simulation() as bpf:
        ring.output(total(0))
        reader = bpf[ring]
        assert select.select([reader], [], [], 0)[0] == [reader]
        reader.read(timeout=0)
        assert select.select([reader], [], [], 0)[0] == []
        ring.output(total(1))
        assert select.select([reader], [], [], 0)[0] == [reader]
        descriptor = reader.fileno()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with pytest.raises(ValueError, match="closed"):
        reader.fileno()
