"""What generated programs may name: types, maps, functions, and what stands in a module before them."""

from __future__ import annotations

from dataclasses import dataclass, field

UNSIGNED = ("u8", "u16", "u32", "u64")
SIGNED = ("i8", "i16", "i32", "i64")
NATIVE = UNSIGNED + SIGNED
NETWORK = ("be16", "be32", "be64")
INTEGERS = NATIVE + NETWORK

PREAMBLE = """
from enum import Enum
from typing import Literal

from osmia import (
    Array, ArrayMap, Constant, HashMap, LruHashMap, PerCpuArray, PerCpuHashMap, XdpAction, XdpContext,
    be16, be32, be64, i8, i16, i32, i64, struct, u8, u16, u32, u64, xdp,
)

Bytes = Array[u8, Literal[8]]
Words = Array[i32, Literal[4]]


class Color(u16, Enum):
    RED = 1
    GREEN = 2
    BLUE = 40_000


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
class Key:
    kind: u8
    number: u32


@struct
class Item:
    length: u8
    kind: u8
    value: be16


@struct
class Input:
    a_u64: u64
    a_i64: i64
    a_be64: be64
    b_u64: u64
    a_u32: u32
    a_i32: i32
    a_be32: be32
    b_u32: u32
    a_u16: u16
    a_i16: i16
    a_be16: be16
    a_color: Color
    a_u8: u8
    a_i8: i8
    a_bool: bool
    b_bool: bool
    a_bytes: Bytes
    a_words: Words


LIMIT = Constant(u32(1000))
SWITCH = Constant(False)
FIXED = u16(77)
PLAIN = 12

results = ArrayMap(u64, max_entries=64)
numbers = ArrayMap(u64, max_entries=8)
counts = HashMap(u32, u64, max_entries=6)
signs = HashMap(i16, i32, max_entries=64)
recent = LruHashMap(u8, u32, max_entries=512)
records = HashMap(Key, Record, max_entries=32)
narrow = PerCpuHashMap(u16, u8, max_entries=64)
scratch = PerCpuArray(Record, max_entries=2)


def larger(first: i64, second: i64) -> i64:
    if first > second:
        return first
    return second


def bits(number: u32) -> u8:
    total = u8(0)
    rest = number
    for i in range(32):
        if rest == 0:
            break
        total += u8(rest & 1)
        rest >>= 1
    return total


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


def find(number: u32) -> Record | None:
    found = records.lookup(Key(kind=u8(number & 3), number=number & 7))
    if found is None or found.narrow == 200:
        return None
    return found
"""

CALLS = {
    "i64": (("larger", ("i64", "i64")),),
    "u8": (("bits", ("u32",)),),
    "bool": (("between", ("u16", "u16", "u16")),),
}
WIDTHS = {name: int(name.lstrip("uibe")) for name in INTEGERS}
ARRAYS = {"bytes": ("u8", 8), "words": ("i32", 4)}
MAPS = {"numbers": ("u32", "u64"), "counts": ("u32", "u64"), "signs": ("i16", "i32"), "recent": ("u8", "u32")}


def limits(name: str) -> tuple[int, int]:
    """The least and the greatest number of a type."""
    width = WIDTHS[name]
    return (-(1 << width - 1), (1 << width - 1) - 1) if name in SIGNED else (0, (1 << width) - 1)


@dataclass
class Scope:
    """What can be used where a statement stands."""

    variables: dict[str, str] = field(default_factory=dict[str, str])
    """Names and their types, of those that can be set again."""
    indices: dict[str, int] = field(default_factory=dict[str, int])
    """Indices of loops and their bounds."""
    records: list[str] = field(default_factory=list[str])
    in_loop: bool = False

    def inner(self, *, in_loop: bool | None = None) -> Scope:
        """A block within."""
        loop = self.in_loop if in_loop is None else in_loop
        return Scope(dict(self.variables), dict(self.indices), list(self.records), loop)
