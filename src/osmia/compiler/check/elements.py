"""Elements of arrays: an index that is known to be in range, in a form that the verifier follows."""

from __future__ import annotations

from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import PlainInt, Reference, Scalar
from osmia.compiler.ir.operands import Number, Operand
from osmia.compiler.ir.ops import Binary, BinaryOperator, Compare, ContextField, Convert, Opaque, PointerAbove
from osmia.compiler.ir.types import I64, U64, ArrayType, PointerType, Space
from osmia.compiler.primitives.contexts import CONTEXTS
from osmia.dataclass import replace


def element(checker: Checker, receiver: Reference, array: ArrayType, index: Scalar | PlainInt) -> Reference:
    """The place of an element; the index lies in the array."""
    if isinstance(index.operand, Number):
        distance: Operand = Number(index.operand.value * array.element.size, I64)
        return _at(checker, receiver, array, distance)
    space = receiver.type.space
    position = (
        checker.convert(index, I64).operand
        if isinstance(index, PlainInt)
        else _bounded(checker, array, index)
    )
    distance = _binary(checker, "mul", position, array.element.size)
    if space is Space.STACK:
        # LLVM knows how frames are aligned and would write `base | distance`, which the verifier refuses.
        distance = _opaque(checker, distance)
    place = _at(checker, receiver, array, distance)
    return _within_packet(checker, place) if space is Space.PACKET else place


def _at(checker: Checker, receiver: Reference, array: ArrayType, distance: Operand) -> Reference:
    pointer = checker.offset(receiver.operand, distance, array.element)
    return Reference(pointer, receiver.origin, roots=receiver.roots)


def _bounded(checker: Checker, array: ArrayType, index: Scalar) -> Operand:
    """The index with a bound right before its use; LLVM would leave out one that it can prove."""
    operation = checker.builder.definition(index.operand)
    while isinstance(operation, Convert):
        operation = checker.builder.definition(operation.value)
    if isinstance(operation, Binary) and operation.operator == "and":
        mask = operation.right.value if isinstance(operation.right, Number) else -1
        if 0 <= mask < array.length:
            return _binary(checker, "and", _widened(checker, operation.left), mask)
    position = _widened(checker, index.operand)
    if array.length & (array.length - 1) == 0:
        return _binary(checker, "and", position, array.length - 1)
    within = checker.builder.register_bool()
    checker.builder.emit(Compare(within, "lt", position, Number(array.length, U64)))
    checker.require(within)
    return position


def _widened(checker: Checker, operand: Operand) -> Operand:
    wide = checker.builder.register(U64)
    checker.builder.emit(Convert(wide, operand))
    return _opaque(checker, wide)


def _opaque(checker: Checker, operand: Operand) -> Operand:
    result = checker.builder.register(U64)
    checker.builder.emit(Opaque(result, operand))
    return result


def _binary(checker: Checker, operator: BinaryOperator, left: Operand, right: int) -> Operand:
    result = checker.builder.register(U64)
    checker.builder.emit(Binary(result, operator, left, Number(right, U64)))
    return result


def _within_packet(checker: Checker, place: Reference) -> Reference:
    """The verifier forgets how long a packet is when a variable is added to its address: compare again.

    Opaque, or LLVM calculates with the packet's end to count the turns of a loop.
    """
    pointee = place.type.pointee
    assert pointee is not None
    pointer = checker.builder.register(place.type)
    checker.builder.emit(Opaque(pointer, place.operand))
    position = PointerType(None, Space.PACKET)
    end = checker.builder.register(position)
    row = CONTEXTS[checker.context_type]
    checker.builder.emit(ContextField(end, row.data_end, row.bounds_size, checker.packet_reload))
    behind = checker.offset(pointer, Number(pointee.size, I64), None)
    above = checker.builder.register_bool()
    checker.builder.emit(PointerAbove(above, behind, end))
    checker.refuse(above)
    return replace(place, operand=pointer)
