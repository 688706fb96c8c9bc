"""Tail calls through program arrays."""

from __future__ import annotations

from typing import Any, cast

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Absent, Context, Scalar, Static, Value
from osmia.compiler.ir.ops import ContextAddress
from osmia.compiler.ir.types import I64, U32, PointerType, Space
from osmia.compiler.primitives.maps import address, definition_of
from osmia.compiler.primitives.method import Call
from osmia.lang.program_arrays import ProgramArray

_TAIL_CALL = 12


def tail_call(checker: Checker, receiver: Value, call: Call) -> Value:
    """`steps.tail_call(ctx, index)`: what follows runs only where there was no program."""
    assert isinstance(receiver, Static)
    declaration = cast("ProgramArray[Any]", receiver.value)
    given, expected = call.values[0], declaration.context
    if not isinstance(given, Context) or given.context_type is not expected:
        return checker.report(findings.type_mismatch(call.spans[0], expected.__name__, str(given)))
    if checker.is_subprogram:
        return checker.report(findings.tail_call_in_function(call.span, checker.frame.source.node.name))
    for held in checker.state.live if checker.state is not None else ():
        checker.report(findings.leaked_reservation(call.span, held.name, held.line, "this tail call"))
    index = checker.fit(call.values[1], U32, call.spans[1])
    if not isinstance(index, Scalar):
        return index
    context = checker.builder.register(PointerType(None, Space.CONTEXT))
    checker.builder.emit(ContextAddress(context))
    programs = address(checker, definition_of(checker, declaration))
    checker.helper(_TAIL_CALL, "tail_call", I64, context, programs, index.operand)
    return Absent()
