"""What becomes of registers: which ones are used at all, and which blocks follow a test of a pointer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import cast

from osmia.compiler.ir.functions import FunctionIr
from osmia.compiler.ir.operands import Number, Register
from osmia.compiler.ir.ops import Branch, Compare, IsNull, Operation, Terminator


def used_registers(function: FunctionIr) -> Iterator[int]:
    """The registers whose value some operation takes."""
    for block in function.blocks:
        for operation, _ in block.operations:
            yield from _taken(operation)
        if block.terminator is not None:
            yield from _taken(block.terminator[0])


def _taken(operation: Operation | Terminator) -> Iterator[int]:
    for member in fields(operation):
        value: object = getattr(operation, member.name)
        operands = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
        if member.name != "result":
            yield from (operand.index for operand in operands if isinstance(operand, Register))


def after_null_tests(function: FunctionIr) -> Iterator[int]:
    """The blocks to which a test of a pointer leads."""
    tests: set[int] = set()
    for block in function.blocks:
        for operation, _ in block.operations:
            match operation:
                case IsNull(result, _):
                    tests.add(result.index)
                case Compare(result, _, Register(index=index), Number()) if index in tests:
                    tests.add(result.index)
                case _:
                    pass
        match block.terminator:
            case (Branch(Register(index=index), then, otherwise), _) if index in tests:
                yield from (then.index, otherwise.index)
            case _:
                pass
