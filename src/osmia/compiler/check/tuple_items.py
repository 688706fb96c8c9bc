"""The value of a tuple at a place that is known only at run time: chosen by comparisons, without memory."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import PlainInt, Poison, Scalar, Several, Value, limits, scalar
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import LoadLocal, StoreLocal
from osmia.compiler.ir.types import I64
from osmia.diagnostics import Span


def one_kind(checker: Checker, values: tuple[Value, ...], span: Span) -> bool:
    """Whether one name can stand for each: numbers of one type, or tuples of such; reports where not."""
    first = values[0]
    for value in values:
        if isinstance(value, Poison):
            return False
        if isinstance(first, Several) and isinstance(value, Several):
            if len(first.values) == len(value.values):
                continue
        elif isinstance(first, PlainInt) and isinstance(value, PlainInt):
            if value.high <= limits(I64)[1]:
                continue
        elif isinstance(first, Scalar) and isinstance(value, Scalar) and first.type == value.type:
            continue
        checker.report(findings.uneven_tuple(span, str(Several(values))))
        return False
    if isinstance(first, Several):
        return all(one_kind(checker, column, span) for column in _columns(values))
    return True


def choose(checker: Checker, values: tuple[Value, ...], place: PlainInt) -> Value:
    """The value at a place; `one_kind` holds, and the place is in range."""
    if isinstance(values[0], Several):
        return Several(tuple(choose(checker, column, place) for column in _columns(values)))
    numbers = [value for value in values if isinstance(value, Scalar | PlainInt)]
    kind = numbers[0].type if isinstance(numbers[0], Scalar) else I64
    builder = checker.builder
    chosen = builder.local("item", kind)
    builder.emit(StoreLocal(chosen, numbers[0].operand))
    counted = Scalar(place.operand, place.low, place.high)
    for index, value in enumerate(numbers[1:], 1):
        here, following = builder.block(), builder.block()
        builder.branch(checker.compare("eq", counted, scalar(Number(index, I64))), here, following)
        builder.enter(here)
        builder.emit(StoreLocal(chosen, value.operand))
        builder.jump(following)
        builder.enter(following)
    register = builder.register(kind)
    builder.emit(LoadLocal(register, chosen))
    low, high = min(each.low for each in numbers), max(each.high for each in numbers)
    return Scalar(register, low, high) if isinstance(numbers[0], Scalar) else PlainInt(register, low, high)


def _columns(values: tuple[Value, ...]) -> list[tuple[Value, ...]]:
    """The first values of tuples of one length, their second values, and so on."""
    inner = [value.values for value in values if isinstance(value, Several)]
    return list(zip(*inner, strict=True))
