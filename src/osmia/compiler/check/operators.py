"""Arithmetic and comparison: literals take the width of the other side, nothing else is converted."""

from __future__ import annotations

import ast

from osmia.compiler import findings
from osmia.compiler.check import memory
from osmia.compiler.check.context import Checker, number
from osmia.compiler.check.values import Bytes, PlainInt, Poison, Reference, Scalar, Value, limits, scalar
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import Binary, BinaryOperator, CompareOperator
from osmia.compiler.ir.types import (
    BOOL,
    I64,
    BoolType,
    IntegerType,
)
from osmia.diagnostics import Span

_BINARY: dict[type[ast.operator], tuple[str, BinaryOperator]] = {
    ast.Add: ("+", "add"),
    ast.Sub: ("-", "sub"),
    ast.Mult: ("*", "mul"),
    ast.FloorDiv: ("//", "div"),
    ast.Mod: ("%", "mod"),
    ast.LShift: ("<<", "shl"),
    ast.RShift: (">>", "shr"),
    ast.BitAnd: ("&", "and"),
    ast.BitOr: ("|", "or"),
    ast.BitXor: ("^", "xor"),
}
_COMPARE: dict[type[ast.cmpop], tuple[str, CompareOperator]] = {
    ast.Eq: ("==", "eq"),
    ast.NotEq: ("!=", "ne"),
    ast.Lt: ("<", "lt"),
    ast.LtE: ("<=", "le"),
    ast.Gt: (">", "gt"),
    ast.GtE: (">=", "ge"),
}
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}


def operator_text(operator: ast.operator) -> str:
    """The operator as it is written."""
    return _BINARY[type(operator)][0]


def binary(checker: Checker, operator: ast.operator, left: Value, right: Value, span: Span) -> Value:
    """`left operator right`."""
    text, name = _BINARY[type(operator)]
    if isinstance(left, Poison) or isinstance(right, Poison):
        return Poison()
    if isinstance(left, PlainInt) and isinstance(right, PlainInt):
        return _plain(checker, name, left, right, span, text)
    for side in (left, right):
        if isinstance(side, Scalar) and isinstance(side.type, BoolType):
            return checker.report(
                findings.unsupported_operator(span, text, "bool", "write `and`, `or`, `not`")
            )
    pair = _same_type(checker, left, right, span, text)
    if pair is None:
        return Poison()
    first, second = pair
    kind = first.type
    assert isinstance(kind, IntegerType)
    if kind.big_endian and name not in ("and", "or", "xor"):
        native = f"u{kind.bits}"
        help_text = f"convert it to the processor's order: `{native}(…) {text} …`"
        return checker.report(findings.unsupported_operator(span, text, kind.name, help_text))
    if isinstance(first.operand, Number) and isinstance(second.operand, Number):
        folded = _fold(name, kind, first.operand.value, second.operand.value)
        return scalar(Number(folded, kind))
    result = checker.builder.register(kind)
    checker.builder.emit(Binary(result, name, first.operand, second.operand))
    return Scalar(result, *_range(name, kind, first, second))


def _same_type(
    checker: Checker, left: Value, right: Value, span: Span, text: str
) -> tuple[Scalar, Scalar] | None:
    """Both sides as scalars of one type."""
    for value in (left, right):
        if isinstance(value, Reference) and value.type.nullable:
            checker.report(findings.unchecked_lookup(span, "this", value.origin))
            return None
        if not isinstance(value, Scalar | PlainInt):
            help_text = "its number is `.value`" if isinstance(value, Reference) else ""
            checker.report(findings.unsupported_operator(span, text, str(value), help_text))
            return None
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        if left.type != right.type:
            mixes = (
                isinstance(left.type, IntegerType)
                and isinstance(right.type, IntegerType)
                and left.type.plain == right.type.plain
            )
            if not mixes:
                checker.report(findings.mixed_types(span, str(left), str(right)))
                return None
            assert isinstance(left.type, IntegerType)
            right = Scalar(checker.reinterpret(right.operand, left.type), right.low, right.high)
        return left, right
    typed = left if isinstance(left, Scalar) else right
    assert isinstance(typed, Scalar)
    first = left if isinstance(left, Scalar) else checker.fit(left, typed.type, span)
    second = right if isinstance(right, Scalar) else checker.fit(right, typed.type, span)
    if isinstance(first, Scalar) and isinstance(second, Scalar):
        return first, second
    return None


def _fold(name: BinaryOperator, kind: IntegerType, left: int, right: int) -> int:
    """The operation on known numbers, with the kernel's meaning."""
    count = right & (max(kind.bits, 32) - 1)
    quotient = 0 if right == 0 else abs(left) // abs(right) * (-1 if (left < 0) != (right < 0) else 1)
    result = {
        "add": left + right,
        "sub": left - right,
        "mul": left * right,
        "div": quotient,
        "mod": left - quotient * right,
        "and": left & right,
        "or": left | right,
        "xor": left ^ right,
        "shl": left << count,
        "shr": left >> count,
    }[name] & ((1 << kind.bits) - 1)
    _, high = limits(kind)
    return result - (1 << kind.bits) if result > high else result


def _range(name: BinaryOperator, kind: IntegerType, left: Scalar, right: Scalar) -> tuple[int, int]:
    """What is known of the result; the whole type where it could wrap around."""
    least, most = limits(kind)
    match name:
        case "add":
            low, high = left.low + right.low, left.high + right.high
        case "sub":
            low, high = left.low - right.high, left.high - right.low
        case "mul":
            corners = [
                first * second for first in (left.low, left.high) for second in (right.low, right.high)
            ]
            low, high = min(corners), max(corners)
        case "and" if right.low >= 0 or left.low >= 0:
            bounds = [side.high for side in (left, right) if side.low >= 0]
            low, high = 0, min(bounds)
        case "mod" if right.low > 0 and left.low >= 0:
            low, high = 0, min(left.high, right.high - 1)
        case "div" if right.low > 0 and left.low >= 0:
            low, high = left.low // right.high, left.high // right.low
        case "shr" if left.low >= 0 and right.low == right.high and 0 <= right.low < kind.bits:
            low, high = left.low >> right.low, left.high >> right.low
        case "shl" if left.low >= 0 and right.low == right.high and 0 <= right.low < kind.bits:
            low, high = left.low << right.low, left.high << right.low
        case _:
            return least, most
    return (low, high) if least <= low and high <= most else (least, most)


def _plain(
    checker: Checker, name: BinaryOperator, left: PlainInt, right: PlainInt, span: Span, text: str
) -> Value:
    """Plain ints: Python's own arithmetic on what is known, 64 bits where it surely fits."""
    if isinstance(left.operand, Number) and isinstance(right.operand, Number):
        return _plain_known(checker, name, left.operand.value, right.operand.value, span)
    for side in (left, right):
        if side.high > limits(I64)[1]:
            return checker.report(findings.plain_int_operator(span, text))
    if name in ("div", "mod") and (left.low < 0 or right.low <= 0):
        return checker.report(findings.plain_int_operator(span, text, "u32"))
    if name in ("shl", "shr") and not (right.low >= 0 and right.high < 63):
        return checker.report(findings.plain_int_operator(span, text))
    first = Scalar(left.operand, left.low, left.high)
    second = Scalar(right.operand, right.low, right.high)
    low, high = _range(name, I64, first, second)
    exact = (low, high) != limits(I64)
    if not exact and name in ("add", "sub", "mul", "shl"):
        return checker.report(findings.plain_int_operator(span, text))
    result = checker.builder.register(I64)
    checker.builder.emit(Binary(result, name, left.operand, right.operand))
    return PlainInt(result, low, high)


def _plain_known(checker: Checker, name: BinaryOperator, left: int, right: int, span: Span) -> Value:
    if (name in ("div", "mod") and right == 0) or (name in ("shl", "shr") and not 0 <= right < 64):
        text = next(text for text, other in _BINARY.values() if other == name)
        return checker.report(findings.unsupported_operator(span, text, f"{left} and {right}"))
    result = {
        "add": left + right,
        "sub": left - right,
        "mul": left * right,
        "div": left // right if right else 0,
        "mod": left % right if right else 0,
        "and": left & right,
        "or": left | right,
        "xor": left ^ right,
        "shl": left << (right & 63),
        "shr": left >> (right & 63),
    }[name]
    if not -(1 << 63) <= result < 1 << 64:
        return checker.report(findings.too_wide(span, result))
    return number(result)


def compare(checker: Checker, operator: ast.cmpop, left: Value, right: Value, span: Span) -> Value:
    """`left operator right`, a bool."""
    text, name = _COMPARE[type(operator)]
    if isinstance(left, Poison) or isinstance(right, Poison):
        return Poison()
    for first, second in ((left, right), (right, left)):
        if isinstance(first, Reference) and isinstance(second, Bytes):
            return memory.compare_bytes(checker, text, name, first, second, span)
    if isinstance(left, Reference) and isinstance(right, Reference):
        return memory.compare(checker, text, name, left, right, span)
    if isinstance(left, PlainInt) and isinstance(right, PlainInt):
        return _compare_plain(checker, name, left, right)
    pair = _same_type(checker, left, right, span, text)
    if pair is None:
        return Poison()
    first, second = pair
    if first.type == BOOL and name not in ("eq", "ne"):
        return checker.report(findings.unsupported_operator(span, text, "bool"))
    if isinstance(first.operand, Number) and isinstance(second.operand, Number):
        return scalar(Number(int(_holds(name, first.operand.value, second.operand.value)), BOOL))
    return scalar(checker.compare(name, first, second))


def _compare_plain(checker: Checker, name: CompareOperator, left: PlainInt, right: PlainInt) -> Value:
    """Plain ints as numbers, of whatever size."""
    answers = {
        _holds(name, first, second) for first in (left.low, left.high) for second in (right.low, right.high)
    }
    apart = left.high < right.low or right.high < left.low
    known = isinstance(left.operand, Number) and isinstance(right.operand, Number)
    if known or (apart and len(answers) == 1):
        return scalar(Number(int(answers.pop()), BOOL))
    first, second = Scalar(left.operand, left.low, left.high), Scalar(right.operand, right.low, right.high)
    return scalar(checker.compare(name, first, second))


def _holds(name: CompareOperator, left: int, right: int) -> bool:
    return {
        "eq": left == right,
        "ne": left != right,
        "lt": left < right,
        "le": left <= right,
        "gt": left > right,
        "ge": left >= right,
    }[name]


def unary(checker: Checker, operator: ast.unaryop, value: Value, span: Span) -> Value:
    """`-x`, `+x`, `~x`."""
    text = _UNARY[type(operator)]
    if isinstance(value, Poison):
        return value
    if isinstance(value, PlainInt):
        if isinstance(operator, ast.UAdd):
            return value
        if isinstance(value.operand, Number):
            negative = isinstance(operator, ast.USub)
            known = value.operand.value
            return _plain_known(checker, "sub" if negative else "xor", 0 if negative else -1, known, span)
        return checker.report(findings.unsupported_operator(span, text, "int", "give it a width: `i64(…)`"))
    if isinstance(value, Scalar) and isinstance(value.type, IntegerType):
        kind = value.type
        if isinstance(operator, ast.Invert):
            ones = scalar(Number(limits(kind)[1] if not kind.signed else -1, kind))
            return binary(checker, ast.BitXor(), value, ones, span)
        if isinstance(operator, ast.USub) and not kind.big_endian:
            return binary(checker, ast.Sub(), scalar(Number(0, kind)), value, span)
    return checker.report(findings.unsupported_operator(span, text, str(value)))
