"""What `osmia run` shows of a file without main: rates, losses, histograms, on a terminal and off it."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest

import osmia
from osmia import (
    ArrayMap,
    Comm,
    HashMap,
    Log2Histogram,
    Map,
    PerCpuArray,
    PerfEventArray,
    RingBuf,
    SimulatedBpf,
    StackTrace,
    XdpAction,
    XdpContext,
    log,
    struct,
    u32,
    u64,
    xdp,
)
from osmia.cli import live
from osmia.cli.observation import Observer, printable


@struct
class Seen:
    length: u32


by_length = HashMap(u32, u64, max_entries=64)
totals = PerCpuArray(u64, max_entries=4)
structs = HashMap(u32, Seen, max_entries=4)
sizes = Log2Histogram(u32)
by_queue = Log2Histogram(u32, key=u32, max_entries=4)
events = RingBuf(Seen, byte_size=4096)
alerts = PerfEventArray(Seen)
not_used = ArrayMap(u64, max_entries=1)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    by_length[ctx.length] += 1
    totals[1] += 1
    structs[ctx.rx_queue_index] = Seen(length=ctx.length)
    sizes.record(ctx.length)
    by_queue.record(ctx.rx_queue_index, ctx.length)
    events.output(Seen(length=ctx.length))
    alerts.output(ctx, Seen(length=ctx.length))
    log.warning(f"frame of {ctx.length}")
    return XdpAction.PASS


MAPS: dict[str, Map] = {name: value for name, value in globals().items() if isinstance(value, Map)}


class Clock:
    """A clock that tests set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bpf() -> Iterator[SimulatedBpf]:
    with osmia.simulate(program) as bpf:
        yield bpf


def run(bpf: SimulatedBpf, *lengths: int) -> None:
    for length in lengths:
        bpf[program].run(bytes(length))


def test_rates_are_those_between_two_looks(bpf: SimulatedBpf) -> None:
    clock = Clock()
    observer = Observer(bpf, MAPS, clock=clock)
    run(bpf, 60, 60, 99)
    clock.now += 2
    first = observer.look()
    tables = {table.name: table.rows for table in first.tables}
    assert set(tables) == {"by_length", "totals", "structs"}
    assert [(row.key, row.value) for row in tables["by_length"]] == [("60", "2"), ("99", "1")]
    assert [(row.key, row.value) for row in tables["totals"]] == [("1", "3")]
    assert [row.value for row in tables["structs"]] == ["Seen(length=99)"]
    assert [(each.name, each.total, each.per_second, each.lost) for each in first.events] == [
        ("events", 3, 1.5, 0),
        ("alerts", 3, 1.5, 0),
    ]
    assert [name for name, _ in first.histograms] == ["sizes", "by_queue[0]"]
    run(bpf, 60, 60, 60, 60, 1500)
    clock.now += 4
    second = observer.look()
    rates = {row.key: row.per_second for row in second.tables[0].rows}
    assert rates == {"60": 1.0, "99": 0.0, "1500": 0.25}
    assert [histogram.total for _, histogram in second.histograms] == [8, 8]
    assert second.seconds == 6


def test_losses_and_what_is_left_out_are_said(bpf: SimulatedBpf) -> None:
    observer = Observer(bpf, MAPS, rows=3, events=5, clock=Clock())
    run(bpf, *range(14, 614))
    seen = observer.look()
    ring = seen.events[0]
    assert ring.total + ring.lost == 600
    assert ring.lost > 0
    assert (len(ring.newest), ring.arrived) == (5, ring.total)
    assert (len(seen.tables[0].rows), seen.tables[0].more) == (3, 61)


def test_hostile_names_cannot_steer_the_terminal() -> None:
    name = Comm.from_bytes(b"\x1b[2Jbad\n".ljust(16, b"\0"))
    assert printable(name) == "\\x1b[2Jbad\\x0a"


def test_lines(bpf: SimulatedBpf, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(bpf, io.StringIO(), monkeypatch)
    assert "by_length[60] = 2\n" in text
    assert "events: Seen(length=99)\n" in text
    assert re.search(r"^events: [\d,]+ events/s, 0 lost$", text, re.MULTILINE)
    assert re.search(r"^by_queue\[0\]\n +count +share\n\[32, 64\) ", text, re.MULTILINE)
    assert "\x1b" not in text


def test_screen(bpf: SimulatedBpf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "50")

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    text = shown(bpf, Terminal(), monkeypatch)
    pictures = text.split("\x1b[H")
    assert pictures[0] == "\x1b[?1049h\x1b[?25l"
    first, final = pictures[1].split("\x1b[?25h\x1b[?1049l")
    for picture in (first.replace("\x1b[K", "").replace("\x1b[J", ""), final):
        lines = picture.split("\n")
        assert lines[0].startswith("a title")
        assert "  60  2" in lines
        assert re.search(r"^events   3 events   [\d,]+/s   0 lost$", picture, re.MULTILINE)
        assert "  frame of 99" in lines
        assert max(map(len, lines)) < 60
        assert len(lines) <= 50
    # In the picture, not in the stream of lines.
    assert caplog.records == []
    assert logging.getLogger("osmia.kernel").propagate


def shown(bpf: SimulatedBpf, output: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is shown of three frames until Ctrl-C, at the second wait."""
    waits: list[float] = []

    def wait(observer: Observer, selector: object, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) > 1:
            raise KeyboardInterrupt
        run(bpf, 60, 60, 99)

    monkeypatch.setattr(live, "_wait", wait)
    with pytest.raises(KeyboardInterrupt):
        live.show(Observer(bpf, MAPS), "a title", lambda: None, output)
    return output.getvalue()


def test_a_map_of_stacks_is_counted() -> None:
    stacks = StackTrace(max_entries=4)

    @osmia.raw_tracepoint("sched_switch")
    def capture(ctx: osmia.RawTracepointContext) -> int:
        stacks.capture_kernel(ctx)
        return 0

    with osmia.simulate(capture) as bpf:
        seen = Observer(bpf, {"stacks": stacks}, clock=Clock()).look()
    assert [(table.name, table.rows[0].value) for table in seen.tables] == [("stacks", "0")]
