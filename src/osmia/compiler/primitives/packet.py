"""The packet cursor: every read is compared with the end of the packet, in the shape the verifier follows."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.helper_rules import packet_moved
from osmia.compiler.check.values import Absent, Context, Cursor, PlainInt, Reference, Scalar, Static, Value
from osmia.compiler.ir.operands import Null, Number, Register
from osmia.compiler.ir.ops import (
    ContextAddress,
    ContextField,
    LoadLocal,
    Offset,
    PointerAbove,
    PointerDifference,
    StoreLocal,
)
from osmia.compiler.ir.types import BOOL, I64, U32, U64, ArrayType, PointerType, Space, StructType
from osmia.compiler.primitives.contexts import CONTEXTS
from osmia.compiler.primitives.method import Call
from osmia.lang.packet import MAXIMUM_SKIP

_POSITION = PointerType(None, Space.PACKET)
_SKB_PULL_DATA = 39


def packet(checker: Checker, receiver: Value, call: Call) -> Value:
    """`ctx.packet()`: the bounds come from the context."""
    assert isinstance(receiver, Context)
    builder = checker.builder
    position, end = builder.local("position", _POSITION), builder.local("end", _POSITION)
    cursor = Cursor(position, end, builder.local("exhausted", BOOL))
    builder.emit(StoreLocal(cursor.exhausted, Number(0, BOOL)))
    row = CONTEXTS[receiver.context_type]
    for local, offset in ((cursor.position, row.data), (cursor.end, row.data_end)):
        register = checker.builder.register(_POSITION)
        checker.builder.emit(ContextField(register, offset, row.bounds_size, checker.packet_reload))
        checker.builder.emit(StoreLocal(local, register))
    return cursor


def length(checker: Checker, receiver: Value) -> Value:
    """`XdpContext.length`: the end less the start."""
    assert isinstance(receiver, Context)
    row = CONTEXTS[receiver.context_type]
    bounds: list[Register] = []
    for offset in (row.data_end, row.data):
        bounds.append(checker.builder.register(_POSITION))
        checker.builder.emit(ContextField(bounds[-1], offset, row.bounds_size, checker.packet_reload))
    difference = checker.builder.register(U64)
    checker.builder.emit(PointerDifference(difference, bounds[0], bounds[1]))
    return checker.convert(Scalar(difference, 0, 0xFFFF_FFFF), U32)


def read(checker: Checker, receiver: Value, call: Call) -> Value:
    """`packet.read(Header)`."""
    assert isinstance(receiver, Cursor)
    (header,) = call.values
    memory_type = checker.module.types.memory_type(header.value) if isinstance(header, Static) else None
    if not isinstance(memory_type, StructType | ArrayType):
        return checker.report(findings.type_mismatch(call.spans[0], "a @struct class", str(header)))
    builder = checker.builder
    short, here, whole, join = builder.block(), builder.block(), builder.block(), builder.block()
    position = builder.register(_POSITION)
    builder.emit(LoadLocal(position, receiver.position))
    exhausted = builder.register_bool()
    builder.emit(LoadLocal(exhausted, receiver.exhausted))
    builder.branch(exhausted, short, here)
    builder.enter(here)
    end = builder.register(_POSITION)
    builder.emit(LoadLocal(end, receiver.end))
    behind = builder.register(_POSITION)
    builder.emit(Offset(behind, position, Number(memory_type.size, I64)))
    above = builder.register_bool()
    builder.emit(PointerAbove(above, behind, end))
    result = builder.local("header", PointerType(memory_type, Space.PACKET, nullable=True))
    builder.branch(above, short, whole)
    builder.enter(short)
    builder.emit(StoreLocal(result, Null(PointerType(memory_type, Space.PACKET, nullable=True))))
    builder.jump(join)
    builder.enter(whole)
    builder.emit(StoreLocal(receiver.position, behind))
    builder.emit(StoreLocal(result, position))
    builder.jump(join)
    builder.enter(join)
    value = builder.register(result.type)
    builder.emit(LoadLocal(value, result))
    origin = "`Packet.read` returns None where the packet ends before the header does"
    return Reference(value, origin, sure=position)


def skip(checker: Checker, receiver: Value, call: Call) -> Value:
    """`packet.skip(length)`; a length that the verifier could not bound ends the packet."""
    assert isinstance(receiver, Cursor)
    (amount,) = call.values
    if not isinstance(amount, Scalar | PlainInt) or amount.low < 0 or amount.high > 0xFFFF:
        return checker.report(findings.type_mismatch(call.spans[0], "u8 or u16", str(amount)))
    builder = checker.builder
    distance = checker.convert(amount, U64)
    if amount.high > MAXIMUM_SKIP:
        far, near, join = builder.block(), builder.block(), builder.block()
        within = checker.compare(
            "le", distance, Scalar(Number(MAXIMUM_SKIP, U64), MAXIMUM_SKIP, MAXIMUM_SKIP)
        )
        builder.branch(within, near, far)
        builder.enter(far)
        builder.emit(StoreLocal(receiver.exhausted, Number(1, BOOL)))
        builder.jump(join)
        builder.enter(near)
        _advance(checker, receiver, distance)
        builder.jump(join)
        builder.enter(join)
    else:
        _advance(checker, receiver, distance)
    return Absent()


def _advance(checker: Checker, cursor: Cursor, distance: Scalar) -> None:
    builder = checker.builder
    position = builder.register(_POSITION)
    builder.emit(LoadLocal(position, cursor.position))
    moved = builder.register(_POSITION)
    builder.emit(Offset(moved, position, distance.operand))
    builder.emit(StoreLocal(cursor.position, moved))


def pull_data(checker: Checker, receiver: Value, call: Call) -> Value:
    """`TcContext.pull_data(length)`: the packet may move, so its bounds are read again from here on."""
    amount = checker.fit(call.values[0], U32, call.spans[0])
    if not isinstance(amount, Scalar):
        return amount
    address = checker.builder.register(PointerType(None, Space.CONTEXT))
    checker.builder.emit(ContextAddress(address))
    checker.helper(_SKB_PULL_DATA, "skb_pull_data", I64, address, amount.operand)
    packet_moved(checker)
    return Absent()
