"""Nanoseconds per packet, by BPF_PROG_TEST_RUN, ours and C in turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median_grouped

from benchmarks.pairs import PAIRS, SAME_LEVEL, WORKLOADS, Workload
from osmia.loader import ProgramHandle, load_object, read_object


@dataclass(frozen=True)
class PacketRow:
    """Medians for one frame, in nanoseconds per packet."""

    title: str
    osmia: float
    c: float
    c_same_level: float
    c_again: float
    """The C object loaded a second time: what it differs by is noise."""

    @property
    def ratio(self) -> float:
        """Ours by C's."""
        return self.osmia / self.c

    @property
    def same_level_ratio(self) -> float:
        """Ours by C's for the same processor level."""
        return self.osmia / self.c_same_level

    @property
    def noise(self) -> float:
        """C's by C's."""
        return self.c_again / self.c


def measure_packets(rounds: int, repeat: int) -> Iterator[PacketRow]:
    """Each workload, in `rounds` rounds in which every program runs `repeat` times."""
    objects = {
        pair.name: (
            pair.osmia_object(),
            pair.c_object(),
            pair.c_object(*SAME_LEVEL),
            pair.c_object(),
        )
        for pair in PAIRS
    }
    for workload in WORKLOADS:
        with ExitStack() as stack:
            programs = [_prepared(stack, workload, data) for data in objects[workload.pair]]
            yield PacketRow(workload.title, *_medians(programs, workload.frame, rounds, repeat))


def _prepared(stack: ExitStack, workload: Workload, data: bytes) -> ProgramHandle:
    loaded = stack.enter_context(load_object(read_object(data)))
    workload.prepare(loaded.maps)
    program = loaded.programs[workload.program]
    # The first packet makes the entries that all others find.
    program.run(workload.frame)
    return program


def _medians(programs: list[ProgramHandle], frame: bytes, rounds: int, repeat: int) -> list[float]:
    durations: list[list[int]] = [[] for _ in programs]
    for number in range(rounds):
        # Each round begins with another one, so that none always runs in the same neighbourhood.
        for step in range(len(programs)):
            index = (number + step) % len(programs)
            durations[index].append(programs[index].run(frame, repeat=repeat).duration)
    # The kernel cuts to whole nanoseconds: the median is taken inside the bin, half a nanosecond higher.
    return [median_grouped(values, 1) + 0.5 for values in durations]
