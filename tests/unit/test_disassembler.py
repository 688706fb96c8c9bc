"""Instructions as text, in the kernel's notation."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from osmia.loader.disassembler import disassemble, disassemble_instruction
from osmia.loader.instructions import Instruction, unpack

TEXTS = [
    ((0xB7, 1, 0, 0, -1), "r1 = -1"),
    ((0xB4, 1, 0, 0, 7), "w1 = 7"),
    ((0xBF, 6, 1, 0, 0), "r6 = r1"),
    ((0xBF, 6, 1, 8, 0), "r6 = (s8)r1"),
    ((0x0F, 2, 3, 0, 0), "r2 += r3"),
    ((0x1C, 2, 3, 0, 0), "w2 -= w3"),
    ((0x37, 2, 0, 0, 10), "r2 /= 10"),
    ((0x3F, 2, 1, 1, 0), "r2 s/= r1"),
    ((0x97, 2, 0, 1, 10), "r2 s%= 10"),
    ((0xC7, 2, 0, 0, 3), "r2 s>>= 3"),
    ((0x87, 2, 0, 0, 0), "r2 = -r2"),
    ((0xDC, 2, 0, 0, 16), "r2 = be16 r2"),
    ((0xD4, 2, 0, 0, 32), "r2 = le32 r2"),
    ((0xD7, 2, 0, 0, 64), "r2 = bswap64 r2"),
    ((0x61, 1, 6, 76, 0), "r1 = *(u32 *)(r6 +76)"),
    ((0x91, 1, 6, -1, 0), "r1 = *(s8 *)(r6 -1)"),
    ((0x63, 10, 1, -4, 0), "*(u32 *)(r10 -4) = r1"),
    ((0x7A, 10, 0, -8, 5), "*(u64 *)(r10 -8) = 5"),
    ((0xDB, 0, 1, 0, 0), "lock *(u64 *)(r0 +0) += r1"),
    ((0xDB, 0, 1, 0, 1), "r1 = atomic64_fetch_add((u64 *)(r0 +0), r1)"),
    ((0xC3, 0, 1, 4, 0xE1), "r1 = atomic_xchg((u32 *)(r0 +4), r1)"),
    ((0xDB, 0, 1, 0, 0xF1), "r0 = atomic64_cmpxchg((u64 *)(r0 +0), r0, r1)"),
    ((0x05, 0, 0, -3, 0), "goto pc-3"),
    ((0x06, 0, 0, 0, 70000), "gotol pc+70000"),
    ((0x15, 1, 0, 4, 8), "if r1 == 0x8 goto pc+4"),
    ((0x2D, 1, 2, 4, 0), "if r1 > r2 goto pc+4"),
    ((0xC6, 1, 0, 4, 2), "if w1 s< 0x2 goto pc+4"),
    ((0x45, 1, 0, 4, 2), "if r1 & 0x2 goto pc+4"),
    ((0x85, 0, 0, 0, 1), "call bpf_map_lookup_elem#1"),
    ((0x85, 0, 1, 0, 12), "call pc+12"),
    ((0x85, 0, 2, 0, 99), "call kernel-function#99"),
    ((0x85, 0, 0, 0, 99999), "call helper#99999"),
    ((0x20, 0, 0, 0, 12), "r0 = *(u32 *)skb[12]"),
    ((0x48, 0, 3, 0, 12), "r0 = *(u16 *)skb[r3 + 12]"),
    ((0x95, 0, 0, 0, 0), "exit"),
    ((0xFF, 0, 0, 0, 0), "(unknown instruction 0xff)"),
]


@pytest.mark.parametrize(("fields", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_notation(fields: tuple[int, int, int, int, int], text: str) -> None:
    assert disassemble_instruction(Instruction(*fields).pack(), 0) == text


def test_wide_loads_take_two_slots() -> None:
    code = Instruction(0x18, 1, 0, 0, -1).pack() + Instruction(0, 0, 0, 0, 1).pack()
    code += Instruction(0x95, 0, 0, 0, 0).pack()
    assert list(disassemble(code)) == ["   0: (18) r1 = 0x1ffffffff", "   2: (95) exit"]


@given(st.binary(max_size=64))
def test_any_bytes_are_printed(code: bytes) -> None:
    slots = len(code) // 8
    lines = list(disassemble(code))
    assert len(lines) <= slots
    assert all(text.strip() for text in lines)


@given(st.binary(min_size=8, max_size=8))
def test_fields_are_packed_as_they_were(code: bytes) -> None:
    assert unpack(code, 0).pack() == code
