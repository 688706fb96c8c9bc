"""`log.info(f"…")`: reserve room in the log's ring buffer, write number and values, submit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Absent, PlainInt, Reference, Scalar, Value, scalar
from osmia.compiler.ir.operands import MapDefinition, Number, Operand, VariableDefinition
from osmia.compiler.ir.ops import CallHelper, Store, VariableAddress
from osmia.compiler.ir.types import (
    I64,
    U32,
    U64,
    ArrayType,
    BoolType,
    IntegerType,
    MemoryType,
    PointerType,
    Space,
    StructType,
)
from osmia.compiler.primitives.log_table import LogMessage, LogValue
from osmia.compiler.primitives.maps import address
from osmia.diagnostics import Span
from osmia.lang import log
from osmia.lang.arrays import CharArray
from osmia.uapi import MapType

LEVELS: dict[Callable[..., object], int] = {
    log.debug: logging.DEBUG,
    log.info: logging.INFO,
    log.warning: logging.WARNING,
    log.error: logging.ERROR,
}

LOG_MAP = MapDefinition("osmia_log", int(MapType.RINGBUF), None, None, 256 * 1024)
"""The ring buffer that every object with log messages has."""

LOG_LEVEL = VariableDefinition("osmia_log_level", U32, 0)
"""The least level that is sent, set at load; the verifier then removes the messages below it."""

_RINGBUF_RESERVE, _RINGBUF_SUBMIT = 131, 132
_WORD = 8


def emit_log(checker: Checker, level: int, parts: list[str | tuple[Value, str, Span]]) -> Value:
    """Emit one message; each part is text, or a value with its format specification."""
    described: list[str | LogValue] = []
    values: list[Scalar | Reference] = []
    for part in parts:
        if isinstance(part, str):
            described.append(part)
            continue
        value, specification, span = part
        row = _describe(checker, value, specification)
        if row is None:
            return checker.report(findings.log_value(span, str(value)))
        if isinstance(value, PlainInt):
            value = checker.convert(value, I64)
        assert isinstance(value, Scalar | Reference)
        described.append(row)
        values.append(value)
    location = checker.builder.location
    message = LogMessage(
        level, checker.frame.source.filename, location.line, location.scope.name, tuple(described)
    )
    _send(checker, level, checker.module.log.add(message), values)
    return Absent()


def _wanted(checker: Checker, level: int) -> Operand:
    """Whether messages of a level are sent."""
    least = checker.builder.register(PointerType(U32, Space.MAP_VALUE))
    checker.builder.emit(VariableAddress(least, LOG_LEVEL))
    known = checker.load(Reference(least))
    assert isinstance(known, Scalar)
    return checker.compare("le", known, scalar(Number(level, U32)))


def _send(checker: Checker, level: int, number: int, values: list[Scalar | Reference]) -> None:
    builder = checker.builder
    size = _WORD + sum(_room(value) for value in values)
    wanted, full, reserved = builder.block(), builder.block(), builder.block()
    builder.branch(_wanted(checker, level), wanted, full)
    builder.enter(wanted)
    pointer = PointerType(None, Space.RING_BUFFER, nullable=True)
    room = checker.helper(
        _RINGBUF_RESERVE,
        "ringbuf_reserve",
        pointer,
        address(checker, LOG_MAP),
        Number(size, U64),
        Number(0, U64),
    )
    builder.branch(checker.is_null(room).operand, full, reserved)
    builder.enter(reserved)
    builder.emit(Store(room, Number(number, U64), _WORD))
    position = _WORD
    for value in values:
        target = checker.offset(room, Number(position, I64), U64)
        if isinstance(value, Scalar):
            builder.emit(Store(target, _word(checker, value), _WORD))
        else:
            pointee = value.type.pointee
            assert pointee is not None
            if pointee.size % _WORD:
                builder.emit(
                    Store(
                        checker.offset(target, Number(_room(value) - _WORD, I64), U64), Number(0, U64), _WORD
                    )
                )
            checker.store(target, value)
        position += _room(value)
    nothing = builder.register(I64)
    builder.emit(CallHelper(nothing, _RINGBUF_SUBMIT, "ringbuf_submit", (room, Number(0, U64))))
    builder.jump(full)
    builder.enter(full)


def _room(value: Scalar | Reference) -> int:
    size = _WORD if isinstance(value, Scalar) else _pointee(value).size
    return (size + _WORD - 1) // _WORD * _WORD


def _pointee(value: Reference) -> MemoryType:
    pointee = value.type.pointee
    assert pointee is not None
    return pointee


def _word(checker: Checker, value: Scalar) -> Operand:
    """The scalar in 64 bits: its number if it is native, its bytes as they lie if it is not."""
    kind = value.type
    if isinstance(kind, IntegerType) and kind.big_endian:
        raw = IntegerType(f"u{kind.bits}", kind.bits)
        return checker.convert(
            Scalar(checker.reinterpret(value.operand, raw), 0, (1 << kind.bits) - 1), U64
        ).operand
    return checker.convert(value, U64).operand


def _describe(checker: Checker, value: Value, specification: str) -> LogValue | None:
    match value:
        case PlainInt():
            return LogValue("signed", 8, format=specification)
        case Scalar() if isinstance(value.type, BoolType):
            return LogValue("bool", 1, format=specification)
        case Scalar():
            return _describe_integer(checker, value.type, specification)
        case Reference() if not value.type.nullable:
            return _describe_memory(checker, value, specification)
        case _:
            return None


def _describe_integer(checker: Checker, kind: IntegerType | BoolType, specification: str) -> LogValue:
    assert isinstance(kind, IntegerType)
    python_class = checker.module.types.python_class(kind)
    names: tuple[tuple[int, str], ...] = ()
    if python_class is not None and issubclass(python_class, Enum):
        names = tuple((int(member), str(member)) for member in python_class)  # type: ignore[call-overload]
    word = "ipv4" if kind.name == "IPv4Address" else ("signed" if kind.signed else "unsigned")
    return LogValue(word, kind.size, kind.big_endian, names, specification)


def _describe_memory(checker: Checker, value: Reference, specification: str) -> LogValue | None:
    pointee = _pointee(value)
    if not isinstance(pointee, ArrayType | StructType):
        return None
    python_class = checker.module.types.python_class(pointee)
    if python_class is not None and issubclass(python_class, CharArray):
        return LogValue("text", pointee.size, format=specification)
    word = {"IPv6Address": "ipv6", "MacAddress": "mac"}.get(pointee.name)
    return None if word is None else LogValue(word, pointee.size, format=specification)
