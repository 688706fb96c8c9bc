"""Equality of what lies in memory: structs and arrays with each other, arrays of bytes with literals."""

from __future__ import annotations

from collections.abc import Iterator

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Bytes, Reference, Value, scalar
from osmia.compiler.ir.operands import Number, Operand
from osmia.compiler.ir.ops import Binary, BinaryOperator, Compare, CompareOperator, Convert, Load
from osmia.compiler.ir.types import I64, U8, U64, ArrayType, IntegerType, MemoryType, StructType, alignment_of
from osmia.diagnostics import Span
from osmia.lang.arrays import CharArray


def compare(
    checker: Checker, text: str, name: CompareOperator, left: Reference, right: Reference, span: Span
) -> Value:
    """Structs and arrays are equal when all bytes of their fields are; padding does not count."""
    for side in (left, right):
        if side.type.nullable:
            return checker.report(findings.unchecked_lookup(span, "this", side.origin))
    pointee = left.type.pointee
    if not isinstance(pointee, StructType | ArrayType) or name not in ("eq", "ne"):
        return checker.report(findings.unsupported_operator(span, text, str(left)))
    if right.type.pointee != pointee:
        return checker.report(findings.mixed_types(span, str(left), str(right)))
    pieces = list(_pieces(pointee, 0))
    mixed = len({chunk.bits for _, chunk in pieces}) > 1
    differences: list[Operand] = []
    for offset, chunk in pieces:
        loaded = (_load(checker, left, offset, chunk), _load(checker, right, offset, chunk))
        differs = _binary(checker, chunk, "xor", *loaded)
        differences.append(_widened(checker, differs) if mixed else differs)
    return _none_differs(checker, name, differences)


def _pieces(memory_type: MemoryType, offset: int) -> Iterator[tuple[int, IntegerType]]:
    """The bytes of a type without its padding, in as few pieces as its alignment allows."""
    if not _padded(memory_type):
        width = min(alignment_of(memory_type), 8)
        chunk = IntegerType(f"u{width * 8}", width * 8)
        yield from ((start, chunk) for start in range(offset, offset + memory_type.size, width))
    elif isinstance(memory_type, StructType):
        for member in memory_type.fields:
            yield from _pieces(member.type, offset + member.offset)
    else:
        assert isinstance(memory_type, ArrayType)
        for index in range(memory_type.length):
            yield from _pieces(memory_type.element, offset + index * memory_type.element.size)


def _padded(memory_type: MemoryType) -> bool:
    match memory_type:
        case StructType(fields=fields):
            inner = any(_padded(member.type) for member in fields) and not memory_type.is_union
            return memory_type.has_padding or inner
        case ArrayType(element=element):
            return _padded(element)
        case _:
            return False


def is_text(checker: Checker, kind: ArrayType) -> bool:
    """Whether an array is a character array: text up to a zero byte."""
    python_class = checker.module.types.python_class(kind)
    return python_class is not None and issubclass(python_class, CharArray)


def compare_bytes(
    checker: Checker, text: str, name: CompareOperator, array: Reference, literal: Bytes, span: Span
) -> Value:
    """An array of bytes and a literal; a character array is equal to its text without the zeros behind it."""
    if array.type.nullable:
        return checker.report(findings.unchecked_lookup(span, "this", array.origin))
    kind, data = array.type.pointee, literal.data
    if not isinstance(kind, ArrayType) or kind.element != U8 or name not in ("eq", "ne"):
        return checker.report(findings.unsupported_operator(span, text, f"{array} and bytes"))
    as_text = is_text(checker, kind)
    if len(data) > kind.length or (len(data) < kind.length and not as_text) or (as_text and 0 in data):
        return checker.report(findings.bytes_length(span, len(data), kind.length, kind.name))
    if len(data) < kind.length:
        data += bytes(1)
    differences = [
        _binary(checker, U8, "xor", _load(checker, array, index, U8), Number(byte, U8))
        for index, byte in enumerate(data)
    ]
    return _none_differs(checker, name, differences)


def _none_differs(checker: Checker, name: CompareOperator, differences: list[Operand]) -> Value:
    difference = differences[0]
    for each in differences[1:]:
        assert isinstance(each.type, IntegerType)
        difference = _binary(checker, each.type, "or", difference, each)
    result = checker.builder.register_bool()
    checker.builder.emit(Compare(result, name, difference, Number(0, difference.type)))
    return scalar(result)


def _load(checker: Checker, side: Reference, offset: int, chunk: IntegerType) -> Operand:
    address = checker.offset(side.operand, Number(offset, I64), chunk)
    loaded = checker.builder.register(chunk)
    checker.builder.emit(Load(loaded, address, chunk.size))
    return loaded


def _binary(
    checker: Checker, kind: IntegerType, operator: BinaryOperator, left: Operand, right: Operand
) -> Operand:
    result = checker.builder.register(kind)
    checker.builder.emit(Binary(result, operator, left, right))
    return result


def _widened(checker: Checker, operand: Operand) -> Operand:
    wide = checker.builder.register(U64)
    checker.builder.emit(Convert(wide, operand))
    return wide
