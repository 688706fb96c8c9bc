"""Both kinds of buffer, read in all three ways: what programs produced is what was read and what was lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import osmia
from osmia import (
    Bpf,
    EventReader,
    PerCpuArray,
    PerfEventArray,
    RingBuf,
    TcAction,
    TcContext,
    classifier,
    ktime_get_ns,
    struct,
    u32,
    u64,
)
from osmia.loader import load_object, lost_counter, read_object
from tests.builders.clang import compile_c

FRAME = bytes(64)
ROUNDS = 200
REPEAT = 500


@struct
class Sample:
    """24 bytes."""

    number: u64
    time: u64
    kind: u32


ring = RingBuf(Sample, byte_size=1 << 16)
perf = PerfEventArray(Sample)
produced = PerCpuArray(u64, max_entries=1)
refused = PerCpuArray(u64, max_entries=1)


@classifier
def to_ring(ctx: TcContext) -> TcAction:
    count = produced.lookup(0)
    if count is None:
        return TcAction.SHOT
    event = Sample(number=count.value, time=ktime_get_ns(), kind=u32(7))
    count.value += 1
    if not ring.output(event):
        refused[0] += 1
    return TcAction.OK


@classifier
def to_perf(ctx: TcContext) -> TcAction:
    count = produced.lookup(0)
    if count is None:
        return TcAction.SHOT
    event = Sample(number=count.value, time=ktime_get_ns(), kind=u32(7))
    count.value += 1
    perf.output(ctx, event)
    return TcAction.OK


@pytest.fixture
def bpf() -> Iterator[Bpf]:
    with osmia.load(to_ring, to_perf) as bpf:
        yield bpf


Reader = EventReader[Sample]
Collect = Callable[[Reader, threading.Event], list[int]]


def one_by_one(reader: Reader, done: threading.Event) -> list[int]:
    numbers: list[int] = []
    while True:
        last = done.is_set()
        for event in reader.events(timeout=0.05):
            assert event.kind == 7
            numbers.append(int(event.number))
        if last:
            return numbers


def in_a_loop(reader: Reader, done: threading.Event) -> list[int]:
    numbers: list[int] = []

    async def collect() -> None:
        async for event in reader:
            assert event.kind == 7
            numbers.append(int(event.number))

    async def watch() -> None:
        task = asyncio.create_task(collect())
        await asyncio.to_thread(done.wait)
        # More than the delay of a perf event array's reader.
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(watch())
    numbers += [int(event.number) for event in reader.read(0)]
    return numbers


def in_columns(reader: Reader, done: threading.Event) -> list[int]:
    numbers: list[int] = []
    while True:
        last = done.is_set()
        columns = reader.read_columns(0.05)
        assert (columns["kind"] == 7).all()
        numbers += columns["number"].tolist()
        with reader.borrow_columns(0.05) as lent:
            numbers += lent["number"].tolist()
        if last:
            return numbers


WAYS = pytest.mark.parametrize("collect", [one_by_one, in_a_loop, in_columns])


@WAYS
@pytest.mark.parametrize("kind", ["ring", "perf"])
def test_all_that_is_produced_is_read_or_counted(bpf: Bpf, kind: str, collect: Collect) -> None:
    """A producer that waits for nobody."""
    reader, program = (
        (bpf[ring], bpf[to_ring]) if kind == "ring" else (bpf.reader(perf, pages=4), bpf[to_perf])
    )
    done = threading.Event()

    def produce() -> None:
        for _ in range(ROUNDS):
            program.run(FRAME, repeat=REPEAT)
        done.set()

    # More than fits, before anybody reads.
    program.run(FRAME, repeat=10_000)
    thread = threading.Thread(target=produce)
    thread.start()
    numbers = collect(reader, done)
    thread.join()
    lost = bpf[refused][0].sum() if kind == "ring" else reader.lost
    assert lost > 0
    assert len(numbers) + lost == bpf[produced][0].sum()
    assert reader.read(0) == []


@WAYS
@pytest.mark.parametrize("kind", ["ring", "perf"])
def test_nothing_is_lost_where_there_is_room(bpf: Bpf, kind: str, collect: Collect) -> None:
    reader, program = (bpf[ring], bpf[to_ring]) if kind == "ring" else (bpf[perf], bpf[to_perf])
    done = threading.Event()
    done.set()
    cpu = min(os.sched_getaffinity(0))
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        numbers: list[int] = []
        for _ in range(3 if collect is in_a_loop else 20):
            program.run(FRAME, repeat=REPEAT)
            numbers += collect(reader, done)
    finally:
        os.sched_setaffinity(0, before)
    assert numbers == list(range(bpf[produced][0].sum()))
    assert reader.lost == 0
    assert bpf[refused][0].sum() == 0


def test_events_of_two_processors_in_order(bpf: Bpf) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("one processor only")
    reader = bpf.reader(perf, by_time=True)
    before = os.sched_getaffinity(0)
    try:
        for number in range(60):
            os.sched_setaffinity(0, {cpus[number % 2]})
            bpf[to_perf].run(FRAME, repeat=3)
    finally:
        os.sched_setaffinity(0, before)
    times = [int(event.time) for event in reader.events(timeout=0.2)]
    assert len(times) == 180
    assert times == sorted(times)
    bpf[to_perf].run(FRAME, repeat=3)
    assert len(reader.read_columns(1)) == 3


FLOOD = """
import asyncio, sys, threading
import osmia
from tests.kernel.test_event_counts import FRAME, perf, ring, to_perf, to_ring

kind, way = sys.argv[1:]
with osmia.load(to_ring, to_perf) as bpf:
    reader, program = (bpf[ring], bpf[to_ring]) if kind == "ring" else (bpf[perf], bpf[to_perf])

    def flood():
        while True:
            program.run(FRAME, repeat=10_000)

    threading.Thread(target=flood, daemon=True).start()

    async def collect():
        count = 0
        async for event in reader:
            count += 1
            if count == 10_000:
                print("pouring", flush=True)

    try:
        if way == "async":
            asyncio.run(collect())
        for count, event in enumerate(reader):
            if count == 10_000:
                print("pouring", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        import os
        os._exit(0)
"""


@pytest.mark.parametrize("kind", ["ring", "perf"])
@pytest.mark.parametrize("way", ["one by one", "async"])
def test_ctrl_c_ends_a_flood(kind: str, way: str) -> None:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", FLOOD, kind, way],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'src'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "pouring\n"
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n"
            assert process.wait(30) == 0
        finally:
            process.kill()


COUNTED = """
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } later SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } first SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32);
    __type(value, __u64); } osmia_lost SEC(".maps");

SEC("xdp") int send(struct xdp_md *ctx)
{
    __u64 event = 1;
    __u32 second = 1;
    if (bpf_ringbuf_output(&later, &event, 8, 0)) {
        __u64 *count = bpf_map_lookup_elem(&osmia_lost, &second);
        if (count)
            ++*count;
    }
    bpf_ringbuf_output(&first, &event, 8, 0);
    return XDP_PASS;
}
"""


@pytest.mark.requires_tool("clang")
def test_the_programs_own_counters_are_found_by_the_maps_name() -> None:
    with load_object(read_object(compile_c(COUNTED))) as loaded:
        first, later = (lost_counter(loaded, loaded.maps[name]) for name in ("first", "later"))
        loaded.programs["send"].run(FRAME, repeat=1000)
        # A record of 16 bytes; the ring never fills to the last one.
        assert (first(), later()) == (0, 1000 - 255)
