"""`with entry.lock:` the lock is released on every way out, and nothing is called while it is held."""

from __future__ import annotations

import ast
from collections.abc import Callable

from osmia.compiler import findings
from osmia.compiler.check import reservations
from osmia.compiler.check.context import Checker
from osmia.compiler.check.expressions import expression
from osmia.compiler.check.frames import Flow, Held
from osmia.compiler.check.values import Poison, Reference
from osmia.compiler.ir.ops import CallFunction, CallHelper, CallKernelFunction, Operation
from osmia.compiler.ir.types import I64, Space
from osmia.lang.spin_locks import SpinLock
from osmia.lang.tracing import TaskContext

_LOCK, _UNLOCK = 93, 94
_PLACES = frozenset({Space.MAP_VALUE, Space.SHARED_MAP_VALUE})


def with_lock(
    checker: Checker, node: ast.With, statements: Callable[[Checker, list[ast.stmt]], Flow | None]
) -> None:
    """`with lock:`."""
    value = expression(checker, node.items[0].context_expr)
    span = checker.span(node.items[0].context_expr)
    if isinstance(value, Poison):
        return
    kind = checker.module.types.memory_type(SpinLock)
    if not isinstance(value, Reference) or value.type.pointee != kind or not _alone(node):
        checker.report(findings.not_a_lock(checker.span(node), str(value)))
        return
    if value.type.space not in _PLACES:
        checker.report(findings.lock_elsewhere(span, value.type.space.value))
        return
    if checker.held is not None:
        checker.report(findings.nested_lock(span))
        return
    if issubclass(checker.context_type, TaskContext):
        checker.report(findings.lock_in_tracing(span))
        return
    checker.at(node)
    _call(checker, _LOCK, "spin_lock", value)
    held = Held(value.operand, len(checker.frame.loops))
    checker.held = checker.frame.held = held
    checker.builder.watch = lambda operation: _refuse_call(checker, operation)
    statements(checker, node.body)
    checker.at(node)
    release(checker)
    checker.held = checker.frame.held = None
    checker.builder.watch = None


def _alone(node: ast.With) -> bool:
    return len(node.items) == 1 and node.items[0].optional_vars is None


def release(checker: Checker) -> None:
    """Release the lock that is held, on the way out at hand."""
    if checker.held is not None:
        watch, checker.builder.watch = checker.builder.watch, None
        _call(checker, _UNLOCK, "spin_unlock", Reference(checker.held.lock))
        checker.builder.watch = watch


def give_back(checker: Checker) -> None:
    """Release and discard all that is held, where the program ends for the verifier only."""
    release(checker)
    watch, checker.builder.watch = checker.builder.watch, None
    reservations.give_back(checker)
    checker.builder.watch = watch


def leaves_function(checker: Checker) -> None:
    """`return`: a lock of this function is released, not one of its caller's."""
    if checker.frame.held is not None:
        release(checker)


def leaves_turn(checker: Checker) -> None:
    """`break` and `continue`: a lock is released that was taken inside of the loop."""
    held = checker.frame.held
    if held is not None and held.loops == len(checker.frame.loops):
        release(checker)


def _call(checker: Checker, number: int, name: str, lock: Reference) -> None:
    result = checker.builder.register(I64)
    checker.builder.emit(CallHelper(result, number, name, (lock.operand,)))


def _refuse_call(checker: Checker, operation: Operation) -> None:
    match operation:
        case CallHelper(name=name):
            checker.report(findings.call_under_lock(checker.span(checker.node), f"the helper `bpf_{name}`"))
        case CallFunction() | CallKernelFunction():
            checker.report(findings.call_under_lock(checker.span(checker.node), "a function"))
        case _:
            pass
