"""Modules of programs that call small functions: the numbers come from the packet, and go back into it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.differential.functions import FunctionMaker, FunctionText
from tests.differential.operations import Cell
from tests.differential.vocabulary import INTEGERS

_MOST_STACK = 256
"""Bytes of arrays, structs and keys that the functions inlined into one program may take together."""


@dataclass
class ModuleText:
    """Programs that call functions, and where in the text each cell is."""

    text: str
    cells: dict[int, list[Cell]]
    """By the number of the line."""
    functions: dict[str, list[FunctionText]]
    """By the name of the program that calls them, in the order of their answers."""


ANSWERS = 32
"""Functions that one program calls at most."""


def module_of_functions(seed: int, count: int) -> ModuleText:
    """A module of so many functions, the same for the same seed."""
    choose = random.Random(seed)
    maker = FunctionMaker(choose)
    functions = [maker.function(f"function_{number}") for number in range(count)]
    lines = PREAMBLE.splitlines()
    cells: dict[int, list[Cell]] = {}
    for text in functions:
        lines += ["", "", *text.heading]
        cells.update({len(lines) + 1 + line: noted for line, noted in text.cells.items() if noted})
        lines += text.lines
    programs: dict[str, list[FunctionText]] = {}
    for number, called in enumerate(_shared_out(functions)):
        name = f"program_{number}"
        programs[name] = called
        lines += ["", "", "@xdp", f"def {name}(ctx: XdpContext) -> XdpAction:", *_OPENING]
        cells[len(lines) - 2] = [Cell("read", "Packet", "any")]
        cells[len(lines)] = [Cell("read None", "Packet", "any")]
        for place, text in enumerate(called):
            call = text.call(choose)
            cells[len(lines) + 1] = [Cell("write", "Packet", "any")]
            lines.append(f"    answers.values[{place}] = u64({call})")
        lines.append("    return XdpAction.PASS")
    return ModuleText("\n".join(lines) + "\n", cells, programs)


def _shared_out(functions: list[FunctionText]) -> Iterator[list[FunctionText]]:
    """The functions of each program; those that are inlined share its stack."""
    called: list[FunctionText] = []
    stack = 0
    for text in functions:
        taken = 0 if text.decorator else text.stack
        if called and (len(called) == ANSWERS or stack + taken > _MOST_STACK):
            yield called
            called, stack = [], 0
        called.append(text)
        stack += taken
    yield called


def inputs(seed: int, count: int) -> list[bytes]:
    """Packets with numbers at the edges of their types, or any, and room for the answers."""
    choose = random.Random(seed)
    room = bytes(8 * ANSWERS)
    return [bytes(14), *(b"".join(_number(choose, width) for width in _WIDTHS) + room for _ in range(count))]


def _number(choose: random.Random, width: int) -> bytes:
    bits = 8 * width
    edges = (
        0,
        1,
        2,
        -1,
        -2,
        1 << bits - 1,
        (1 << bits - 1) - 1,
        1 << bits - 2,
        1 << bits // 2,
        bits,
        bits - 1,
    )
    match choose.randrange(5):
        case 0 | 1:
            number = choose.choice(edges)
        case 2:
            number = choose.randrange(-40, 40)
        case _:
            number = choose.getrandbits(bits)
    order = choose.choice(("little", "little", "big"))
    data = (number % (1 << bits)).to_bytes(width, "little")
    return data if order == "little" else data[::-1]


_FIELDS = [
    (f"{side}_{kind}", kind, bits // 8)
    for bits in (64, 32, 16, 8)
    for side in "ab"
    for kind in INTEGERS
    if kind.endswith(str(bits))
]
_WIDTHS = [width for _, _, width in _FIELDS] + [1] * 8

PREAMBLE = "\n".join(
    [
        """from typing import Literal

from osmia import (
    Array, ArrayMap, HashMap, LpmTrie, LruHashMap, PerCpuArray, PerCpuHashMap, XdpAction, XdpContext,
    be16, be32, be64, function, i8, i16, i32, i64, struct, u8, u16, u32, u64, xdp,
)

Bytes = Array[u8, Literal[8]]
Words = Array[i32, Literal[4]]
Orders = Array[be16, Literal[4]]
FIXED = u16(77)

hashed = HashMap(u32, u64, max_entries=64)
signed = HashMap(i16, i32, max_entries=64)
recent = LruHashMap(u8, u32, max_entries=512)
indexed = ArrayMap(i64, max_entries=6)
scratch = PerCpuArray(u16, max_entries=3)
narrow = PerCpuHashMap(u16, u8, max_entries=64)
prefixes = LpmTrie(be32, u32, max_entries=64)


@struct
class Inner:
    flag: bool
    small: i16
    wide: i64


@struct
class Record:
    narrow: u8
    inner: Inner
    order: be32
    bytes: Bytes
    wide: u64

    @property
    def mixed(self) -> u64:
        return self.wide ^ u64(self.order) + u64(self.narrow)

    def scaled(self, factor: u16) -> u32:
        return u32(self.inner.small) * u32(factor)


@struct
class Answers:
    values: Array[u64, Literal[32]]


def between(number: u16, low: u16, high: u16) -> bool:
    return low <= number < high


def build(seed: u32) -> Record:
    made = Record(
        narrow=u8(seed), inner=Inner(flag=seed > 5, small=i16(seed), wide=i64(seed) - 9), order=be32(seed),
        bytes=Bytes(), wide=u64(seed) << 7,
    )
    made.bytes[seed & 7] = u8(seed >> 3)
    if seed & 1 == 1:
        return made
    made.inner.wide = i64(3)
    return made


@struct
class Input:""",
        *(f"    {name}: {kind}" for name, kind, _ in _FIELDS),
        "    a_bool: bool",
        "    b_bool: bool",
        "    spare: u32",
        *(
            f"""

def pick_{kind}(first: {kind}, second: {kind}, take: bool) -> {kind}:
    if take:
        return first
    return second


@function(inline=False)
def called_{kind}(first: {kind}, second: {kind}, take: bool) -> {kind}:
    return second if take else first"""
            for kind in INTEGERS
        ),
    ]
)

_OPENING = [
    "    packet = ctx.packet()",
    "    p = packet.read(Input)",
    "    answers = packet.read(Answers)",
    "    if p is None or answers is None:",
    "        return XdpAction.ABORTED",
]
