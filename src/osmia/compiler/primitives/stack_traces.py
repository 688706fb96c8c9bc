"""Stack traces: the kernel keeps the stack, the program has its number."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Context, Static, Value, scalar
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import ContextAddress
from osmia.compiler.ir.types import I64, U64, PointerType, Space
from osmia.compiler.primitives.maps import address, definition_of
from osmia.compiler.primitives.method import Call
from osmia.lang.stack_traces import StackTrace
from osmia.lang.tracing import TaskContext

_GET_STACKID = 27
_USER_STACK = 1 << 8
"""BPF_F_USER_STACK."""


def capture_kernel(checker: Checker, receiver: Value, call: Call) -> Value:
    """`stacks.capture_kernel(ctx)`."""
    return _capture(checker, receiver, call, 0)


def capture_user(checker: Checker, receiver: Value, call: Call) -> Value:
    """`stacks.capture_user(ctx)`."""
    return _capture(checker, receiver, call, _USER_STACK)


def _capture(checker: Checker, receiver: Value, call: Call, flags: int) -> Value:
    assert isinstance(receiver, Static)
    assert isinstance(receiver.value, StackTrace)
    given = call.values[0]
    if not isinstance(given, Context) or not issubclass(given.context_type, TaskContext):
        expected = "the context of a tracing program"
        return checker.report(findings.type_mismatch(call.spans[0], expected, str(given)))
    context = checker.builder.register(PointerType(None, Space.CONTEXT))
    checker.builder.emit(ContextAddress(context))
    target = address(checker, definition_of(checker, receiver.value))
    return scalar(checker.helper(_GET_STACKID, "get_stackid", I64, context, target, Number(flags, U64)))
