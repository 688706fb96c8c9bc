"""Queues, stacks and Bloom filters."""

from __future__ import annotations

from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Poison, Reference, Scalar, Static, Value, scalar
from osmia.compiler.ir.operands import Null, Number, Operand
from osmia.compiler.ir.ops import LoadLocal, StoreLocal, Zero
from osmia.compiler.ir.types import I64, U64, MemoryType, PointerType, Space, alignment_of
from osmia.compiler.primitives.maps import address, definition_of
from osmia.compiler.primitives.method import Call
from osmia.diagnostics import Span
from osmia.lang.maps import Map

_PUSH, _POP, _PEEK = 87, 88, 89
_READABLE = frozenset({Space.STACK, Space.MAP_VALUE, Space.SHARED_MAP_VALUE})


def _declaration(receiver: Value) -> Map:
    assert isinstance(receiver, Static)
    assert isinstance(receiver.value, Map)
    return receiver.value


def _kind(checker: Checker, declaration: Map) -> MemoryType:
    kind = checker.module.types.memory_type(declaration.value_type)
    assert kind is not None
    return kind


def _given(checker: Checker, declaration: Map, value: Value, span: Span) -> Operand | None:
    fitted = checker.fit(value, _kind(checker, declaration), span)
    if not isinstance(fitted, Scalar | Reference):
        return None
    return checker.in_memory(fitted, "value", _READABLE)


def push(checker: Checker, receiver: Value, call: Call) -> Value:
    """`queue.push(value)` and `filter.add(value)`."""
    declaration = _declaration(receiver)
    value = _given(checker, declaration, call.values[0], call.spans[0])
    if value is None:
        return Poison()
    target = address(checker, definition_of(checker, declaration))
    failed = checker.helper(_PUSH, "map_push_elem", I64, target, value, Number(0, U64))
    return scalar(checker.compare("eq", scalar(failed), scalar(Number(0, I64))))


def contains(checker: Checker, declaration: Map, value: Value, span: Span) -> Value:
    """`value in filter`."""
    place = _given(checker, declaration, value, span)
    if place is None:
        return Poison()
    target = address(checker, definition_of(checker, declaration))
    failed = checker.helper(_PEEK, "map_peek_elem", I64, target, place)
    return scalar(checker.compare("eq", scalar(failed), scalar(Number(0, I64))))


def pop(checker: Checker, receiver: Value, call: Call) -> Value:
    """`queue.pop()`."""
    return _taken(checker, _declaration(receiver), _POP, "map_pop_elem")


def peek(checker: Checker, receiver: Value, call: Call) -> Value:
    """`queue.peek()`."""
    return _taken(checker, _declaration(receiver), _PEEK, "map_peek_elem")


def _taken(checker: Checker, declaration: Map, number: int, name: str) -> Value:
    """A copy of a value on the stack, or None."""
    builder, kind = checker.builder, _kind(checker, declaration)
    target = checker.slot(kind)
    builder.emit(Zero(target, kind.size, alignment_of(kind)))
    definition = definition_of(checker, declaration)
    failed = checker.helper(number, name, I64, address(checker, definition), target)
    pointer = PointerType(kind, Space.STACK, nullable=True)
    result = builder.local("taken", pointer)
    nothing, there, join = builder.block(), builder.block(), builder.block()
    builder.branch(checker.compare("eq", scalar(failed), scalar(Number(0, I64))), there, nothing)
    builder.enter(nothing)
    builder.emit(StoreLocal(result, Null(pointer)))
    builder.jump(join)
    builder.enter(there)
    builder.emit(StoreLocal(result, target))
    builder.jump(join)
    builder.enter(join)
    value = builder.register(pointer)
    builder.emit(LoadLocal(value, result))
    method = name.split("_")[1]
    return Reference(value, f"`{definition.name}.{method}` returns None when it is empty", fresh=True)
