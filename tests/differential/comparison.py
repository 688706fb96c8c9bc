"""The two meanings of a program side by side: plain Python, and the kernel."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import osmia
from osmia import Map, XdpProgram
from tests.builders.kernel_modules import import_file, programs_of


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    action: int
    data: bytes
    maps: dict[str, dict[object, object]]


def compare(path: Path, packets: list[bytes]) -> None:
    """Run all programs of a module over all packets, in Python and in the kernel, with the same maps."""
    module = import_file(path)
    programs = [program for program in programs_of(module) if isinstance(program, XdpProgram)]
    maps = {name: value for name, value in vars(module).items() if isinstance(value, Map)}
    with one_processor() as processor, osmia.load(*programs) as loaded:
        with osmia.simulate(*programs, processors=os.cpu_count() or 1) as simulated:
            simulated.kernel.processor = processor
            used = {name: value for name, value in maps.items() if is_used(simulated, value)}
            for number, packet in enumerate(packets):
                for program in programs:
                    expected = _run(simulated, program, packet, used)
                    actual = _run(loaded, program, packet, used)
                    where = f"{program.name} of {path}, packet {number}"
                    assert actual.action == expected.action, where
                    assert actual.data == expected.data, where
                    for name in used:
                        assert actual.maps[name] == expected.maps[name], f"map {name}, {where}"


@contextmanager
def one_processor() -> Generator[int]:
    """Keep to one processor, so that per-CPU values are all in one place."""
    before = os.sched_getaffinity(0)
    processor = min(before)
    os.sched_setaffinity(0, {processor})
    try:
        yield processor
    finally:
        os.sched_setaffinity(0, before)


def is_used(bpf: Any, declaration: Map) -> bool:
    """Whether a map belongs to the programs that are loaded."""
    try:
        bpf[declaration]
    except osmia.UsageError:
        return False
    return True


def _run(bpf: Any, program: XdpProgram, packet: bytes, maps: dict[str, Map]) -> Outcome:
    result = bpf[program].run(packet)
    return Outcome(
        int(result.action), result.data, {name: contents(bpf, value) for name, value in maps.items()}
    )


def contents(bpf: Any, declaration: Map) -> dict[object, object]:
    """All entries of a map, so that those of the two sides can be compared."""
    return {_plain(key): _plain(value) for key, value in bpf[declaration].items()}


def _plain(value: Any) -> object:
    """Bytes for structs, so that padding counts; numbers for the rest."""
    if isinstance(value, osmia.Integer | bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, tuple):
        return cast("tuple[object, ...]", value)
    if hasattr(value, "__bytes__"):
        return bytes(value)
    return tuple(_plain(each) for each in value)


def write_module(folder: Path, name: str, text: str) -> Path:
    """A module's file."""
    path = folder / f"{name}.py"
    path.write_text(text)
    return path
