"""Integers that are changed in one step: the methods of `Atomic`."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Poison, Reference, Scalar, Value, scalar
from osmia.compiler.ir.operands import Number, Operand
from osmia.compiler.ir.ops import AtomicCompareExchange, AtomicOperator, AtomicUpdate
from osmia.compiler.ir.types import I64, IntegerType, PointerType, Space, StructType
from osmia.compiler.primitives.method import Call, Emit

UPDATES: dict[str, tuple[str, AtomicOperator]] = {
    "add": ("amount", "add"),
    "and_": ("mask", "and"),
    "or_": ("mask", "or"),
    "xor": ("mask", "xor"),
    "exchange": ("value", "xchg"),
}
"""Methods that take one number: its name, and the operation."""


def update(operator: AtomicOperator) -> Emit:
    """What a method with one number means."""

    def emit(checker: Checker, receiver: Value, call: Call) -> Value:
        place = _place(checker, receiver, call)
        if place is None:
            return Poison()
        pointer, kind = place
        value = checker.fit(call.values[0], kind, call.spans[0])
        if not isinstance(value, Scalar):
            return Poison()
        result = checker.builder.register(kind)
        checker.builder.emit(AtomicUpdate(result, operator, pointer, value.operand))
        return scalar(result)

    return emit


def compare_exchange(checker: Checker, receiver: Value, call: Call) -> Value:
    """`atomic.compare_exchange(expected, value)`."""
    place = _place(checker, receiver, call)
    if place is None:
        return Poison()
    pointer, kind = place
    expected = checker.fit(call.values[0], kind, call.spans[0])
    value = checker.fit(call.values[1], kind, call.spans[1])
    if not isinstance(expected, Scalar) or not isinstance(value, Scalar):
        return Poison()
    result = checker.builder.register(kind)
    checker.builder.emit(AtomicCompareExchange(result, pointer, expected.operand, value.operand))
    return scalar(result)


def _place(checker: Checker, receiver: Value, call: Call) -> tuple[Operand, IntegerType] | None:
    """The address of the integer, and its type; None where the kernel has no atomics there."""
    assert isinstance(receiver, Reference)
    assert isinstance(receiver.type, PointerType)
    assert isinstance(receiver.type.pointee, StructType)
    if receiver.type.space is Space.PACKET:
        checker.report(findings.atomic_in_packet(call.span))
        return None
    kind = receiver.type.pointee.fields[0].type
    assert isinstance(kind, IntegerType)
    return checker.offset(receiver.operand, Number(0, I64), kind), kind
