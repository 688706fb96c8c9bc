"""Integer operations as LLVM instructions with the kernel's meaning, where LLVM's own is undefined."""

from __future__ import annotations

from typing import Protocol

from osmia.compiler.ir.ops import BinaryOperator, CompareOperator
from osmia.compiler.ir.types import BoolType, IntegerType


class Assembler(Protocol):
    """Appends instructions; `result` gives the name of the new value."""

    def result(self, instruction: str) -> str:
        """Append an instruction and return the name of its value."""
        ...


_PLAIN = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
_UNSIGNED = {"lt": "ult", "le": "ule", "gt": "ugt", "ge": "uge"}
_SIGNED = {"lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge"}


def known(value: str) -> int | None:
    """The number that an operand's text stands for, or None for a register."""
    return None if value.startswith("%") else int(value)


def binary(assembler: Assembler, operator: BinaryOperator, kind: IntegerType, left: str, right: str) -> str:
    """The value of `left operator right`, both of type `kind`."""
    if operator in _PLAIN:
        return assembler.result(f"{_PLAIN[operator]} i{kind.bits} {left}, {right}")
    if operator in ("shl", "shr"):
        return _shift(assembler, operator, kind, left, right)
    return _divide(assembler, operator, kind, left, right)


def _shift(assembler: Assembler, operator: str, kind: IntegerType, left: str, right: str) -> str:
    width = max(kind.bits, 32)
    extension = "sext" if kind.signed else "zext"
    if kind.bits < width:
        left = assembler.result(f"{extension} i{kind.bits} {left} to i{width}")
        right = assembler.result(f"{extension} i{kind.bits} {right} to i{width}")
    number = known(right)
    count = (
        str(number & (width - 1))
        if number is not None
        else assembler.result(f"and i{width} {right}, {width - 1}")
    )
    instruction = "shl" if operator == "shl" else ("ashr" if kind.signed else "lshr")
    value = assembler.result(f"{instruction} i{width} {left}, {count}")
    return assembler.result(f"trunc i{width} {value} to i{kind.bits}") if kind.bits < width else value


def _divide(assembler: Assembler, operator: str, kind: IntegerType, left: str, right: str) -> str:
    """LLVM has no sdiv below cpu v4 and takes division by zero as impossible: both are spelled out."""
    bits = f"i{kind.bits}"
    number = known(right)
    dividend = _magnitude(assembler, kind, left)
    divisor = _magnitude(assembler, kind, right)
    is_zero = ""
    if number is None:
        is_zero = assembler.result(f"icmp eq {bits} {right}, 0")
        divisor = assembler.result(f"select i1 {is_zero}, {bits} 1, {bits} {divisor}")
        divisor = _opaque(assembler, kind.bits, divisor)
    elif number == 0:
        return "0" if operator == "div" else left
    instruction = "udiv" if operator == "div" else "urem"
    value = assembler.result(f"{instruction} {bits} {dividend}, {divisor}")
    if kind.signed:
        signs = assembler.result(f"xor {bits} {left}, {right}") if operator == "div" else left
        negative = assembler.result(f"icmp slt {bits} {signs}, 0")
        negated = assembler.result(f"sub {bits} 0, {value}")
        value = assembler.result(f"select i1 {negative}, {bits} {negated}, {bits} {value}")
    if not is_zero:
        return value
    otherwise = "0" if operator == "div" else left
    return assembler.result(f"select i1 {is_zero}, {bits} {otherwise}, {bits} {value}")


def _opaque(assembler: Assembler, bits: int, value: str) -> str:
    """The same number, of which LLVM knows nothing: to divide by a power of two it would make a table."""
    width = max(bits, 32)
    if bits < width:
        value = assembler.result(f"zext i{bits} {value} to i{width}")
    value = assembler.result(f'call i{width} asm "", "=r,0"(i{width} {value})')
    return assembler.result(f"trunc i{width} {value} to i{bits}") if bits < width else value


def _magnitude(assembler: Assembler, kind: IntegerType, value: str) -> str:
    if not kind.signed:
        return value
    negative = assembler.result(f"icmp slt i{kind.bits} {value}, 0")
    negated = assembler.result(f"sub i{kind.bits} 0, {value}")
    return assembler.result(f"select i1 {negative}, i{kind.bits} {negated}, i{kind.bits} {value}")


def compare(
    assembler: Assembler, operator: CompareOperator, kind: IntegerType | BoolType, left: str, right: str
) -> str:
    """Whether the relation holds; byte-ordered integers are swapped only where their order matters."""
    if isinstance(kind, BoolType):
        return assembler.result(f"icmp {operator} i1 {left}, {right}")
    if operator in ("eq", "ne"):
        return assembler.result(f"icmp {operator} i{kind.bits} {left}, {right}")
    if kind.big_endian:
        left, right = byte_swap(assembler, kind.bits, left), byte_swap(assembler, kind.bits, right)
    condition = (_SIGNED if kind.signed else _UNSIGNED)[operator]
    return assembler.result(f"icmp {condition} i{kind.bits} {left}, {right}")


def convert(assembler: Assembler, source: IntegerType | BoolType, target: IntegerType, value: str) -> str:
    """The number of `source` as an integer of type `target`."""
    if isinstance(source, BoolType):
        value = assembler.result(f"zext i1 {value} to i{target.bits}")
        return byte_swap(assembler, target.bits, value) if target.big_endian else value
    if source.bits == target.bits and source.big_endian == target.big_endian:
        return value
    if source.big_endian:
        value = byte_swap(assembler, source.bits, value)
    if source.bits < target.bits:
        extension = "sext" if source.signed else "zext"
        value = assembler.result(f"{extension} i{source.bits} {value} to i{target.bits}")
    elif source.bits > target.bits:
        value = assembler.result(f"trunc i{source.bits} {value} to i{target.bits}")
    return byte_swap(assembler, target.bits, value) if target.big_endian else value


def byte_swap(assembler: Assembler, bits: int, value: str) -> str:
    """The bytes in the other order."""
    number = known(value)
    if number is not None:
        return str(int.from_bytes((number % (1 << bits)).to_bytes(bits // 8, "big"), "little"))
    return assembler.result(f"call i{bits} @llvm.bswap.i{bits}(i{bits} {value})")
