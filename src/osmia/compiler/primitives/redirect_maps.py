"""Sending frames to interfaces, processors and AF_XDP sockets."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Poison, Scalar, Static, Value, scalar
from osmia.compiler.ir.operands import Number, Operand
from osmia.compiler.ir.types import I64, U32, U64, IntegerType
from osmia.compiler.primitives.maps import address, definition_of
from osmia.compiler.primitives.method import Call
from osmia.lang.actions import XdpAction
from osmia.lang.contexts import XdpContext
from osmia.lang.redirect_maps import RedirectMap

_REDIRECT_MAP = 51
_POSSIBLE = (XdpAction.ABORTED, XdpAction.DROP, XdpAction.PASS, XdpAction.TX)
"""Verdicts where nothing is there: the helper has two bits for them."""


def redirect(checker: Checker, receiver: Value, call: Call) -> Value:
    """`devices.redirect(key)` and `devices.redirect(key, otherwise)`."""
    assert isinstance(receiver, Static)
    assert isinstance(receiver.value, RedirectMap)
    if len(call.values) not in (1, 2):
        return checker.report(findings.wrong_arguments(call.span, "redirect", "a key, and a verdict"))
    if checker.context_type is not XdpContext:
        given = checker.context_type.__name__
        return checker.report(findings.type_mismatch(call.span, "an XDP program", f"one with a {given}"))
    key = checker.fit(call.values[0], U32, call.spans[0])
    flags = _flags(checker, call)
    if not isinstance(key, Scalar) or flags is None:
        return Poison()
    target = address(checker, definition_of(checker, receiver.value))
    verdict = checker.helper(_REDIRECT_MAP, "redirect_map", I64, target, key.operand, flags)
    kind = checker.module.types.memory_type(XdpAction)
    assert isinstance(kind, IntegerType)
    return checker.convert(scalar(verdict), kind)


def _flags(checker: Checker, call: Call) -> Operand | None:
    if len(call.values) == 1:
        return Number(0, U64)
    kind = checker.module.types.memory_type(XdpAction)
    assert isinstance(kind, IntegerType)
    verdict = checker.fit(call.values[1], kind, call.spans[1])
    if not isinstance(verdict, Scalar):
        return None
    if not isinstance(verdict.operand, Number) or verdict.operand.value not in {int(v) for v in _POSSIBLE}:
        expected = "XdpAction.ABORTED, DROP, PASS or TX"
        checker.report(findings.type_mismatch(call.spans[1], expected, "another verdict"))
        return None
    return Number(verdict.operand.value, U64)
