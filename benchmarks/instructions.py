"""How large the programs are in the kernel: the same at each run."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.pairs import PAIRS, SAME_LEVEL
from osmia.loader import load_object, read_object


@dataclass(frozen=True)
class Size:
    """What the kernel made of one program."""

    instructions: int
    """BPF instructions as the verifier left them (xlated bytes / 8)."""
    jited_bytes: int
    verified: int
    """Instructions that the verifier went through."""


@dataclass(frozen=True)
class SizeRow:
    """One program by osmia, by clang, and by clang for osmia's processor level."""

    program: str
    osmia: Size
    c: Size
    c_same_level: Size


def sizes_of(data: bytes) -> dict[str, Size]:
    """Load an object, and ask the kernel for the size of each program."""
    with load_object(read_object(data)) as loaded:
        infos = {name: program.info() for name, program in loaded.programs.items()}
    return {
        name: Size(info.xlated_size // 8, info.jited_size, info.verified_instructions)
        for name, info in infos.items()
    }


def measure_sizes() -> tuple[SizeRow, ...]:
    """All programs of all pairs."""
    rows: list[SizeRow] = []
    for pair in PAIRS:
        ours = sizes_of(pair.osmia_object())
        c, same_level = sizes_of(pair.c_object()), sizes_of(pair.c_object(*SAME_LEVEL))
        rows += [SizeRow(name, ours[name], c[name], same_level[name]) for name in ours]
    return tuple(rows)
