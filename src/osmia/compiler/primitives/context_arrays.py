"""Arrays in contexts: each element is read where it stands, since helpers cannot read a context."""

from __future__ import annotations

from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Reference, Value
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import ContextField, Store
from osmia.compiler.ir.types import I64, ArrayType, IntegerType, alignment_of


def context_array(checker: Checker, offset: int, kind: ArrayType) -> Value:
    """A copy of an array of integers on the stack."""
    element = kind.element
    assert isinstance(element, IntegerType)
    target = checker.slot(kind)
    for index in range(kind.length):
        word = checker.builder.register(element)
        checker.builder.emit(ContextField(word, offset + index * element.size, element.size))
        place = checker.offset(target, Number(index * element.size, I64), element)
        checker.builder.emit(Store(place, word, alignment_of(kind)))
    return Reference(target, fresh=True)
