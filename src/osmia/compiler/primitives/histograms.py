"""Histograms: which counter a value belongs to, and one more in it."""

from __future__ import annotations

from typing import cast

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Absent, Poison, Reference, Scalar, Static, Value, scalar
from osmia.compiler.ir.operands import Number, Operand
from osmia.compiler.ir.ops import LoadLocal, StoreLocal, Zero
from osmia.compiler.ir.types import I64, U32, U64, IntegerType, StructType, alignment_of
from osmia.compiler.primitives.maps import add_to_entry
from osmia.compiler.primitives.method import Call
from osmia.diagnostics import Span
from osmia.lang.histograms import HistogramMap, LinearHistogram, Log2Histogram


def record(checker: Checker, receiver: Value, call: Call) -> Value:
    """`histogram.record(value)`, and `histogram.record(key, value)` where it has keys."""
    assert isinstance(receiver, Static)
    declaration = cast("HistogramMap[..., object]", receiver.value)
    expected = ("value",) if declaration.given_key is None else ("key", "value")
    if len(call.values) != len(expected):
        return checker.report(findings.wrong_arguments(call.span, "record", ", ".join(expected)))
    value_type = checker.module.types.memory_type(declaration.recorded_type)
    assert isinstance(value_type, IntegerType)
    value = checker.fit(call.values[-1], value_type, call.spans[-1])
    if not isinstance(value, Scalar):
        return Poison()
    if isinstance(declaration, Log2Histogram):
        slot = _log2_slot(checker, declaration, value)
    else:
        assert isinstance(declaration, LinearHistogram)
        slot = _linear_slot(checker, declaration, value)
    key: Value = slot
    if declaration.given_key is not None:
        key = _bucket_key(checker, declaration, call.values[0], slot, call.spans[0])
        if isinstance(key, Poison):
            return key
    one = scalar(Number(1, U64))
    add_to_entry(checker, declaration, key, one, (call.span, call.span), declaration.lost)
    return Absent()


def _log2_slot(checker: Checker, declaration: Log2Histogram[..., object], value: Scalar) -> Scalar:
    """All bits below the highest one are set, then hashed: see `SlotHash`."""
    slots = declaration.hash
    word = U32 if slots.bits == 32 else U64
    filled = checker.convert(value, word)
    distance = 1
    while distance < slots.bits:
        filled = checker.binary("or", filled, checker.binary("shr", filled, scalar(Number(distance, word))))
        distance *= 2
    hashed = checker.binary("mul", filled, scalar(Number(slots.multiplier, word)))
    return checker.convert(checker.binary("shr", hashed, scalar(Number(slots.shift, word))), U32)


def _linear_slot(checker: Checker, declaration: LinearHistogram[..., object], value: Scalar) -> Scalar:
    """The distance from the start, divided; one counter for all that lies behind, one for all before."""
    start = Number(declaration.start % (1 << 64), U64)
    distance = checker.binary("sub", checker.convert(value, U64), scalar(start))
    bucket = checker.binary("div", distance, scalar(Number(declaration.step, U64)))
    end = scalar(Number(declaration.buckets, U64))
    inside = checker.compare("lt", bucket, end)
    narrow = checker.convert(bucket, U32)
    slot = _choose(checker, inside, narrow.operand, Number(declaration.above, U32))
    least = scalar(Number(declaration.start, value.type))
    assert isinstance(value.type, IntegerType)
    if declaration.start == 0 and not value.type.signed:
        return slot
    before = checker.compare("lt", value, least)
    return _choose(checker, before, Number(declaration.below, U32), slot.operand)


def _choose(checker: Checker, condition: Operand, then: Operand, otherwise: Operand) -> Scalar:
    """`then if condition else otherwise`, of u32."""
    builder = checker.builder
    result = builder.local("slot", U32)
    builder.emit(StoreLocal(result, otherwise))
    chosen, join = builder.block(), builder.block()
    builder.branch(condition, chosen, join)
    builder.enter(chosen)
    builder.emit(StoreLocal(result, then))
    builder.jump(join)
    builder.enter(join)
    register = builder.register(U32)
    builder.emit(LoadLocal(register, result))
    return scalar(register)


def _bucket_key(
    checker: Checker, declaration: HistogramMap[..., object], key: Value, slot: Scalar, span: Span
) -> Value:
    """The kernel's key: the user's key and the number of the counter."""
    whole = checker.module.types.memory_type(declaration.key_type)
    assert isinstance(whole, StructType)
    given, bucket = whole.fields
    fitted = checker.fit(key, given.type, span)
    if not isinstance(fitted, Scalar | Reference):
        return Poison()
    target = checker.temporary("key", whole)
    if whole.has_padding:
        checker.builder.emit(Zero(target, whole.size, alignment_of(whole)))
    checker.store(checker.offset(target, Number(given.offset, I64), given.type), fitted)
    checker.store(checker.offset(target, Number(bucket.offset, I64), U32), slot)
    return Reference(target)
