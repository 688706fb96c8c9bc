"""Where the variables lie that a function shares with its counted loops.

The verifier goes on with a loop until nothing new happens from turn to turn. It forgets what changes only
if nothing depends on it; a counter that is compared later it would follow turn by turn. It knows what is
stored to the start of a word of the stack, so what changes is stored to second halves of words, of which
it knows nothing (kernel/bpf/verifier.c, check_stack_write_fixed_off).
"""

from __future__ import annotations

from typing import Protocol

from osmia.compiler.ir.functions import Capture
from osmia.compiler.ir.operands import Local
from osmia.compiler.ir.types import IntegerType, PointerType
from osmia.dataclass import dataclass

_WORD, _HALF = 8, 4


class Assembler(Protocol):
    """Appends instructions; `result` gives the name of the new value."""

    def result(self, instruction: str) -> str:
        """Append an instruction and return the name of its value."""
        ...

    def append(self, instruction: str) -> None:
        """Append an instruction that has no value."""
        ...


@dataclass(frozen=True)
class Place:
    """The place of one variable: words from a byte offset of `%captures` on."""

    offset: int
    words: int
    exact: bool

    def store(self, assembler: Assembler, local: Local, value: str) -> None:
        """Set the variable to a number of 64 bits, or an address."""
        if self.exact:
            kind = "ptr" if isinstance(local.type, PointerType) else "i64"
            address = self._address(assembler, self.offset)
            assembler.append(f"store {kind} {value}, ptr {address}, align {_WORD}")
            return
        for word in range(self.words):
            half = value if word == 0 else assembler.result(f"lshr i64 {value}, 32")
            half = assembler.result(f"trunc i64 {half} to i32")
            address = self._address(assembler, self.offset + word * _WORD + _HALF)
            assembler.append(f"store i32 {half}, ptr {address}, align {_HALF}")

    def load(self, assembler: Assembler, local: Local) -> str:
        """The variable as a number of 64 bits, or an address."""
        if self.exact:
            kind = "ptr" if isinstance(local.type, PointerType) else "i64"
            return assembler.result(
                f"load {kind}, ptr {self._address(assembler, self.offset)}, align {_WORD}"
            )
        value = ""
        for word in range(self.words):
            address = self._address(assembler, self.offset + word * _WORD + _HALF)
            half = assembler.result(f"load i32, ptr {address}, align {_HALF}")
            half = assembler.result(f"zext i32 {half} to i64")
            if word:
                half = assembler.result(f"shl i64 {half}, 32")
                half = assembler.result(f"or i64 {value}, {half}")
            value = half
        return value

    @staticmethod
    def _address(assembler: Assembler, offset: int) -> str:
        return assembler.result(f"getelementptr inbounds i8, ptr %captures, i64 {offset}")


def capture_places(captures: tuple[Capture, ...]) -> dict[Local, Place]:
    """The place of each variable; the first word is the context's."""
    places: dict[Local, Place] = {}
    offset = _WORD
    for capture in captures:
        kind = capture.local.type
        wide = isinstance(kind, IntegerType) and kind.bits > 32 and not capture.exact
        places[capture.local] = Place(offset, 2 if wide else 1, capture.exact)
        offset += _WORD * places[capture.local].words
    return places


def capture_size(captures: tuple[Capture, ...]) -> int:
    """Bytes of all of them."""
    return _WORD + sum(_WORD * place.words for place in capture_places(captures).values())
