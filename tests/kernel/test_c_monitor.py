"""The monitor in C, which the benchmarks compare with, does what the monitor does."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

import osmia
from benchmarks.pairs import PAIRS, SAME_LEVEL, block, put
from osmia.loader import EventBytes, LoadedObject, PerfBufferReader, bytes_handle, load_object, read_object
from osmia.monitor import kernel
from osmia.monitor.generated import generated_traffic
from tests.monitor.mixed_frames import INBOUND, OUTBOUND, mixed_frames

pytestmark = pytest.mark.requires_tool("clang")

TABLES = "totals", "sources", "connections", "reasons", "scan_cells", "rule_hits"
SHORTEST_IN, SHORTEST_OUT = 14, 54
"""Bytes that BPF_PROG_TEST_RUN takes at least: for traffic control programs, whole IP headers."""
SECOND = 1_000_000_000
BLOCKED, ALLOWED, NETWORK_BITS = "198.51.100.0", "198.51.100.21", 96 + 24
BLOCKED6 = bytes.fromhex("20010db8 0007 0000 0000 0000 0000 0005")
"""Sends a part of the generated traffic."""


@dataclass
class Observed:
    """What programs did with frames: verdicts, map contents, events."""

    verdicts: list[int]
    tables: dict[str, Mapping[Any, Any]]
    reports: list[bytes]


@pytest.fixture
def one_cpu() -> Iterator[None]:
    """Per-CPU counters are compared as they are."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def hostile_frames(whole: list[bytes], count: int, shortest: int) -> list[bytes]:
    """Frames with changed bytes in their headers, half of them cut."""
    chance = random.Random(11)
    frames: list[bytes] = []
    for _ in range(count):
        frame = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(4)):
            frame[chance.randrange(12, min(len(frame), 90))] = chance.randrange(256)
        length = chance.choice((len(frame), chance.randrange(shortest, len(frame) + 1)))
        frames.append(bytes(frame[:length]))
    return frames


def traffic() -> list[tuple[bool, bytes]]:
    """Ordinary, mixed and hostile frames: whether it goes out, and the frame."""
    generated = [(frame.outbound, frame.data) for frame in generated_traffic(4.5)]
    inbound, outbound = mixed_frames(INBOUND), mixed_frames(OUTBOUND)
    inbound += hostile_frames(inbound, 1500, SHORTEST_IN)
    outbound += hostile_frames(outbound, 1500, SHORTEST_OUT)
    return [*generated, *((False, frame) for frame in inbound), *((True, frame) for frame in outbound)]


def mapped(address: str) -> bytes:
    return bytes(10) + b"\xff\xff" + bytes(int(part) for part in address.split("."))


def observe(loaded: LoadedObject) -> Observed:
    """All frames, through both programs; each is a tenth of a second after the one before."""
    block(loaded.maps, mapped(BLOCKED), NETWORK_BITS, 7)
    block(loaded.maps, BLOCKED6, 128, 8)
    put(loaded.maps["allowed"], (128).to_bytes(4, "little") + mapped(ALLOWED), bytes(4))
    verdicts: list[int] = []
    with PerfBufferReader(loaded.maps["probe_reports"], EventBytes()) as reader:
        for number, (outbound, frame) in enumerate(traffic()):
            now = SECOND + number * SECOND // 10
            put(loaded.maps["clock"], bytes(4), now.to_bytes(8, "little"))
            program = loaded.programs["monitor_egress" if outbound else "monitor_ingress"]
            verdicts.append(program.run(frame).value)
        reports = reader.read(0)
    tables: dict[str, Mapping[Any, Any]] = {
        name: dict(bytes_handle(loaded.maps[name]).items()) for name in TABLES
    }
    return Observed(verdicts, tables, reports)


@pytest.mark.usefixtures("one_cpu")
@pytest.mark.parametrize("options", [(), SAME_LEVEL], ids=["default", "v3"])
def test_python_and_c_agree(options: tuple[str, ...]) -> None:
    programs = kernel.monitor_ingress, kernel.monitor_egress
    with osmia.load(*programs, constants={kernel.SET_CLOCK: True}) as bpf:
        ours = observe(bpf.object)
    (pair,) = (pair for pair in PAIRS if pair.name == "monitor")
    with load_object(read_object(pair.c_object(*options)), variables={"SET_CLOCK": b"\1"}) as loaded:
        c = observe(loaded)
    assert c.verdicts == ours.verdicts
    for name in TABLES:
        assert c.tables[name] == ours.tables[name], name
    assert c.reports == ours.reports
    assert {osmia.XdpAction.PASS, osmia.XdpAction.DROP} < set(ours.verdicts)
    assert len(ours.tables["connections"]) > 100
    assert ours.tables["scan_cells"]
    assert ours.reports
