"""The three ways of reading events, over a simulation: what the user sees is the same when loaded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

import osmia
from osmia import Bpf, EventReader, PerfEventArray, RingBuf, XdpAction, XdpContext, struct, u32, u64, xdp
from osmia.errors import UsageError


@struct
class Sample:
    """An event with padding."""

    number: u64
    kind: u32


ring = RingBuf(Sample, byte_size=1 << 16)
perf = PerfEventArray(Sample)
unused = RingBuf(Sample, byte_size=4096)


@xdp
def sender(ctx: XdpContext) -> XdpAction:
    ring.output(Sample(number=u64(0), kind=u32(0)))
    perf.output(ctx, Sample(number=u64(0), kind=u32(0)))
    return XdpAction.PASS


@pytest.fixture
def bpf() -> Iterator[Bpf]:
    with osmia.simulate(sender) as bpf:
        yield bpf


@pytest.fixture(params=["ring", "perf"])
def reader(request: pytest.FixtureRequest, bpf: Bpf) -> EventReader[Sample]:
    return bpf[ring] if request.param == "ring" else bpf[perf]


def send(*numbers: int) -> None:
    """Into both maps; the one that is not read may be full."""
    for number in numbers:
        event = Sample(number=u64(number), kind=u32(number % 3))
        ring.output(event)
        perf.output(XdpContext(bytearray(14)), event)


def numbers(events: list[Sample]) -> list[int]:
    return [int(event.number) for event in events]


def test_a_loop_that_is_left_leaves_the_rest(reader: EventReader[Sample]) -> None:
    send(*range(10))
    for event in reader:
        if event.number == 3:
            break
    send(10)
    assert reader.read_columns(0)["number"].tolist() == [4, 5, 6, 7, 8, 9, 10]
    send(*range(5))
    assert next(iter(reader)).number == 0
    assert next(iter(reader)).number == 1
    with reader.borrow_columns(0) as columns:
        assert columns["number"].tolist() == [2, 3, 4]
    send(1, 2, 3)
    assert next(reader.events()).number == 1
    assert numbers(reader.read(0)) == [2, 3]
    assert reader.read(0) == []


def test_columns_have_the_fields_of_the_class(reader: EventReader[Sample]) -> None:
    send(*range(7))
    columns = reader.read_columns(0)
    assert columns.dtype == Sample.numpy_dtype()  # type: ignore[attr-defined]  # @struct adds it
    assert columns["kind"].tolist() == [0, 1, 2, 0, 1, 2, 0]
    columns["kind"] = 9
    assert len(reader.read_columns(0)) == 0
    send(1)
    with reader.borrow_columns(0) as lent:
        assert lent["number"].tolist() == [1]
        assert not lent.flags.writeable


def test_a_loop_ends_when_nothing_has_come_for_its_timeout(reader: EventReader[Sample]) -> None:
    send(1, 2)
    assert numbers(list(reader.events(0.01))) == [1, 2]
    assert list(reader.events(0)) == []


def test_a_loop_ends_with_the_reader(reader: EventReader[Sample]) -> None:
    send(1, 2)
    seen: list[int] = []
    for event in reader:
        seen.append(int(event.number))
        if len(seen) == 2:
            reader.close()
    assert seen == [1, 2]
    assert reader.closed


async def test_async_for_waits_on_the_loop(reader: EventReader[Sample]) -> None:
    loop = asyncio.get_running_loop()
    loop.call_later(0.01, send, 0)
    received: list[int] = []
    async for event in reader:
        received.append(int(event.number))
        if len(received) == 5:
            break
        loop.call_later(0.001, send, len(received))
    assert received == [0, 1, 2, 3, 4]


async def test_a_cancelled_task_loses_no_event(reader: EventReader[Sample]) -> None:
    received: list[int] = []

    async def collect() -> None:
        async for event in reader:
            received.append(int(event.number))

    for round_number in range(5):
        task = asyncio.create_task(collect())
        await asyncio.sleep(0)
        send(*range(round_number * 1000, round_number * 1000 + 1000))
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    received += numbers(reader.read(0))
    assert received == list(range(5000))


async def test_other_tasks_run_while_events_pour_in(reader: EventReader[Sample]) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    count = 0
    send(*range(1000))
    async for _ in reader:
        count += 1
        if count % 1000 == 0:
            send(*range(1000))
        if count == 10_000:
            break
    task.cancel()
    assert turns > 20


async def test_closing_ends_a_task_that_waits(reader: EventReader[Sample]) -> None:
    async def collect() -> list[int]:
        return [int(event.number) async for event in reader]

    task = asyncio.create_task(collect())
    await asyncio.sleep(0)
    send(1)
    await asyncio.sleep(0.01)
    reader.close()
    assert await asyncio.wait_for(task, 10) == [1]


async def test_only_one_task_may_wait(reader: EventReader[Sample]) -> None:
    async def first() -> Sample:
        return await anext(aiter(reader))

    tasks = [asyncio.create_task(first()) for _ in range(2)]
    await asyncio.sleep(0)
    send(3)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [Sample, UsageError]


def test_a_loop_in_another_thread_gets_what_is_sent(reader: EventReader[Sample]) -> None:
    received: list[int] = []

    def collect() -> None:
        received.extend(int(event.number) for event in reader)

    thread = threading.Thread(target=collect)
    thread.start()
    send(*range(500))
    while len(received) < 500:
        thread.join(0.01)
    reader.close()
    thread.join()
    assert received == list(range(500))


def test_options_are_given_once_and_first(bpf: Bpf) -> None:
    reader = bpf.reader(perf, pages=1, by_time=True)
    assert bpf[perf] is reader
    with pytest.raises(UsageError, match=r"call reader\(\) before bpf\[map\]"):
        bpf.reader(perf)
    for number in range(200):
        perf.output(XdpContext(bytearray(14)), Sample(number=u64(number), kind=u32(0)))
    assert len(reader.read(0)) + reader.lost == 200
    assert reader.lost > 0
    assert bpf[ring] is bpf[ring]


def test_wrong_readers_are_refused(bpf: Bpf) -> None:
    with pytest.raises(UsageError, match="used by none of the programs"):
        bpf.reader(unused)
    with pytest.raises(UsageError, match="3 pages"):
        bpf.reader(perf, pages=3)
