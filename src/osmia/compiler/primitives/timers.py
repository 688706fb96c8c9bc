"""Timers in the values of maps: the methods of `Timer`."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Poison, Reference, Scalar, Static, Value, scalar
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import FunctionAddress, MapAddress
from osmia.compiler.ir.types import I64, U64, PointerType, Space
from osmia.compiler.primitives.method import Call
from osmia.diagnostics import Span
from osmia.lang.timer_callbacks import is_timer_callback
from osmia.uapi import ProgramType

_INIT, _SET_CALLBACK, _START, _CANCEL = 169, 170, 171, 172
_CLOCK_MONOTONIC = 1
_PLACES = frozenset({Space.MAP_VALUE, Space.SHARED_MAP_VALUE})
_INTERRUPTING = frozenset(
    {
        ProgramType.KPROBE,
        ProgramType.TRACEPOINT,
        ProgramType.PERF_EVENT,
        ProgramType.RAW_TRACEPOINT,
        ProgramType.RAW_TRACEPOINT_WRITABLE,
    }
)
"""Programs that may use no map with timers (is_tracing_prog_type)."""


def start(checker: Checker, receiver: Value, call: Call) -> Value:
    """`timer.start(nanoseconds, callback)`: the first start of an entry's timer makes it, others keep it."""
    nanoseconds = checker.fit(call.values[0], U64, call.spans[0])
    given = call.values[1]
    callback: object = given.value if isinstance(given, Static) else None
    if not is_timer_callback(callback):
        what = f"a timer calls a function that `@timer_callback(map)` declares, not this: `{given}`"
        return checker.report(findings.timer_callback(call.spans[1], what, "decorate the function"))
    if not isinstance(nanoseconds, Scalar) or not _usable(checker, receiver, call.span):
        return Poison()
    assert isinstance(receiver, Reference)
    timer, declaration = receiver.operand, callback.map
    name = checker.compile_timer_callback(checker, callback)
    if name is None:
        return Poison()
    timed = checker.builder.register(PointerType(None, Space.MAP))
    checker.builder.emit(MapAddress(timed, checker.module.maps[declaration]))
    # It fails where the timer is there already, which is as well.
    checker.helper(_INIT, "timer_init", I64, timer, timed, Number(_CLOCK_MONOTONIC, U64))
    address = checker.builder.register(PointerType(None, Space.FUNCTION))
    checker.builder.emit(FunctionAddress(address, name, later=True))
    checker.helper(_SET_CALLBACK, "timer_set_callback", I64, timer, address)
    result = checker.helper(_START, "timer_start", I64, timer, nanoseconds.operand, Number(0, U64))
    return scalar(checker.compare("eq", scalar(result), scalar(Number(0, I64))))


def cancel(checker: Checker, receiver: Value, call: Call) -> Value:
    """`timer.cancel()`."""
    if not _usable(checker, receiver, call.span):
        return Poison()
    assert isinstance(receiver, Reference)
    result = checker.helper(_CANCEL, "timer_cancel", I64, receiver.operand)
    return scalar(checker.compare("gt", scalar(result), scalar(Number(0, I64))))


def _usable(checker: Checker, receiver: Value, span: Span) -> bool:
    """Whether programs of this type may use a timer that lies there; reports where not."""
    assert isinstance(receiver, Reference)
    if receiver.type.space not in _PLACES:
        checker.report(findings.timer_elsewhere(span, receiver.type.space.value))
        return False
    if checker.program_type in _INTERRUPTING:
        checker.report(findings.timer_in_tracing(span))
        return False
    return True
