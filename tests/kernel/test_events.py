"""Ring buffer and perf event array: received = produced, and what was lost is counted."""

from __future__ import annotations

import asyncio
import os
import selectors
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from osmia.errors import MalformedError, UsageError
from osmia.loader import (
    ArrayHandle,
    BytesCodec,
    EventBytes,
    IntegerCodec,
    LoadedObject,
    PerfBufferReader,
    RingBufferReader,
    load_object,
    read_object,
)
from tests.builders.clang import compile_c

pytestmark = pytest.mark.requires_tool("clang")
U64 = IntegerCodec(8)
FRAME = bytes(64)

SOURCE = """
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); }
    perf SEC(".maps");
__u64 number, failed;

SEC("xdp") int to_ring(struct xdp_md *ctx)
{
    __u64 *event = bpf_ringbuf_reserve(&ring, 8, 0);
    if (!event) {
        failed++;
        return XDP_DROP;
    }
    *event = number++;
    if (number % 5 == 0)
        bpf_ringbuf_discard(event, 0);
    else
        bpf_ringbuf_submit(event, 0);
    return XDP_PASS;
}
SEC("xdp") int mixed(struct xdp_md *ctx)
{
    __u8 text[32] = "abcdefghijklmnopqrstuvwxyz";
    __u64 length = number++ % 24 + 1;
    barrier_var(length);
    return bpf_ringbuf_output(&ring, text, length & 31, 0) ? XDP_DROP : XDP_PASS;
}
SEC("xdp") int to_perf(struct xdp_md *ctx)
{
    __u64 event = number++;
    return bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &event, 8) ? XDP_DROP : XDP_PASS;
}
"""


@pytest.fixture
def loaded() -> Iterator[LoadedObject]:
    with load_object(read_object(compile_c(SOURCE))) as loaded:
        yield loaded


def test_ring_gives_all_events_through_many_rounds(loaded: LoadedObject) -> None:
    program = loaded.programs["to_ring"]
    received: list[int] = []
    with RingBufferReader(loaded.maps["ring"], U64) as reader:
        for _ in range(40):
            program.run(FRAME, repeat=100)
            received += reader.read(1)
        assert reader.read(0) == []
    assert received == [number for number in range(4000) if number % 5 != 4]


def test_ring_records_of_all_lengths(loaded: LoadedObject) -> None:
    text = b"abcdefghijklmnopqrstuvwxyz"
    with RingBufferReader(loaded.maps["ring"], EventBytes()) as reader:
        received: list[bytes] = []
        for _ in range(30):
            loaded.programs["mixed"].run(FRAME, repeat=48)
            received += reader.read(1)
    assert received == [text[: number % 24 + 1] for number in range(30 * 48)]


def variable(loaded: LoadedObject, name: str) -> int:
    found = loaded.spec.variable(name)
    assert found is not None
    spec, place = found
    data = ArrayHandle(loaded.maps[spec.name], BytesCodec(spec.value_size))[0]
    return int.from_bytes(data[place.offset : place.offset + place.size], "little")


def test_full_ring_loses_what_the_program_counts(loaded: LoadedObject) -> None:
    with RingBufferReader(loaded.maps["ring"], U64, count_lost=lambda: variable(loaded, "failed")) as reader:
        loaded.programs["to_ring"].run(FRAME, repeat=1000)
        received = reader.read(1)
        reserved = variable(loaded, "number")
        assert reader.lost > 0
        assert reserved + reader.lost == 1000
        assert received == [number for number in range(reserved) if number % 5 != 4]


def test_ring_event_shorter_than_its_type(loaded: LoadedObject) -> None:
    with RingBufferReader(loaded.maps["ring"], U64) as reader:
        loaded.programs["mixed"].run(FRAME)
        with pytest.raises(MalformedError, match="1 bytes where 8 are expected"):
            reader.read(1)


def test_ring_wakes_event_loops(loaded: LoadedObject) -> None:
    async def wait() -> list[int]:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(reader.fileno(), ready.set)
        loaded.programs["to_ring"].run(FRAME)
        await asyncio.wait_for(ready.wait(), 10)
        loop.remove_reader(reader.fileno())
        return reader.read(0)

    with RingBufferReader(loaded.maps["ring"], U64) as reader:
        assert asyncio.run(wait()) == [0]


@pytest.mark.parametrize("wake_bytes", [None, 0])
def test_perf_gives_all_events(loaded: LoadedObject, wake_bytes: int | None) -> None:
    program = loaded.programs["to_perf"]
    received: list[int] = []
    with PerfBufferReader(loaded.maps["perf"], U64, pages=2, wake_bytes=wake_bytes) as reader:
        for _ in range(40):
            program.run(FRAME, repeat=100)
            received += reader.read(1)
        assert reader.read(0) == []
        assert reader.lost == 0
    assert sorted(received) == list(range(4000))


def test_full_perf_buffer_counts_what_is_lost(loaded: LoadedObject) -> None:
    program = loaded.programs["to_perf"]
    with PerfBufferReader(loaded.maps["perf"], U64, pages=1) as reader:
        program.run(FRAME, repeat=2000)
        received = reader.read(1)
        assert 0 < len(received) < 2000
        # Before Linux 6.0 the kernel tells of the loss in front of the next event on that CPU.
        for _ in range(200):
            if reader.lost:
                break
            program.run(FRAME)
            received += reader.read(1)
        assert len(received) + reader.lost == variable(loaded, "number")


@pytest.fixture
def removable_cpu() -> Iterator[int]:
    """A processor that may be switched off; it is on again afterwards."""
    cpu = max(os.sched_getaffinity(0))
    switch = Path(f"/sys/devices/system/cpu/cpu{cpu}/online")
    if len(os.sched_getaffinity(0)) < 2 or not switch.exists() or not os.access(switch, os.W_OK):
        pytest.skip("no processor here can be switched off")
    before = os.sched_getaffinity(0)
    try:
        yield cpu
    finally:
        switch.write_text("1")
        os.sched_setaffinity(0, before)


def test_a_processor_that_goes_and_comes_back_is_read_on(loaded: LoadedObject, removable_cpu: int) -> None:
    switch = Path(f"/sys/devices/system/cpu/cpu{removable_cpu}/online")
    program = loaded.programs["to_perf"]

    def send() -> None:
        os.sched_setaffinity(0, {removable_cpu})
        program.run(FRAME, repeat=10)
        os.sched_setaffinity(0, others)

    others = os.sched_getaffinity(0) - {removable_cpu}
    with PerfBufferReader(loaded.maps["perf"], U64, pages=1) as reader:
        os.sched_setaffinity(0, {removable_cpu})
        program.run(FRAME, repeat=1000)
        lost = reader.lost
        assert lost > 0
        os.sched_setaffinity(0, others)
        switch.write_text("0")
        received = reader.read(0)
        assert len(received) + lost == 1000
        # Longer than the time after which the reader looks for processors.
        assert reader.read(0.3) == []
        switch.write_text("1")
        assert reader.read(0.3) == []
        send()
        assert reader.read(1) == list(range(1000, 1010))
        assert reader.lost == lost


def test_perf_wakes_a_selector_for_each_event(loaded: LoadedObject) -> None:
    with (
        PerfBufferReader(loaded.maps["perf"], EventBytes(), wake_bytes=0) as reader,
        selectors.DefaultSelector() as selector,
    ):
        selector.register(reader.fileno(), selectors.EVENT_READ)
        loaded.programs["to_perf"].run(FRAME)
        assert selector.select(10)
        assert [event[:8] for event in reader.read(0)] == [bytes(8)]


def test_waiting_ends_with_a_signal(loaded: LoadedObject) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with RingBufferReader(loaded.maps["ring"], U64) as reader:
            threading.Timer(0.2, signal.raise_signal, [signal.SIGUSR1]).start()
            with pytest.raises(KeyboardInterrupt):
                reader.read()
    finally:
        signal.signal(signal.SIGUSR1, previous)


def test_wrong_maps_and_closed_readers_are_refused(loaded: LoadedObject) -> None:
    with pytest.raises(UsageError, match="is a PERF_EVENT_ARRAY map"):
        RingBufferReader(loaded.maps["perf"], U64)
    with pytest.raises(UsageError, match="is a RINGBUF map"):
        PerfBufferReader(loaded.maps["ring"], U64)
    with pytest.raises(UsageError, match="power of two"):
        PerfBufferReader(loaded.maps["perf"], U64, pages=3)
    reader = RingBufferReader(loaded.maps["ring"], U64)
    reader.close()
    reader.close()
    with pytest.raises(UsageError, match="closed"):
        reader.read(0)
