"""The fields of BPF instructions (RFC 9669)."""

from __future__ import annotations

import struct
from typing import NamedTuple

SIZE = 8
_FORMAT = struct.Struct("<BBhi")

LOAD_IMMEDIATE_64 = 0x18
CALL = 0x85
POISONED_CALL = 0x0BAD2310
"""Number of the helper, which no kernel has, that is called where a field is missing: libbpf's as well."""
LARGEST_PROGRAM = 1_000_000


class Instruction(NamedTuple):
    """One slot of 8 bytes; a 64-bit immediate load takes two, the second with code 0."""

    code: int
    destination: int
    source: int
    offset: int
    immediate: int

    def pack(self) -> bytes:
        """The 8 bytes."""
        return _FORMAT.pack(
            self.code,
            self.destination | self.source << 4,
            self.offset,
            (self.immediate + (1 << 31) & 0xFFFFFFFF) - (1 << 31),
        )


def unpack(code: bytes | bytearray, offset: int) -> Instruction:
    """The instruction at a byte offset."""
    opcode, registers, jump, immediate = _FORMAT.unpack_from(code, offset)
    return Instruction(opcode, registers & 15, registers >> 4, jump, immediate)
