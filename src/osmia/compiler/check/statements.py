"""Statements and loops."""

from __future__ import annotations

import ast
from types import NoneType

from osmia.compiler import findings
from osmia.compiler.check import assignments, locks, loops, patterns, reservations
from osmia.compiler.check.conditions import condition
from osmia.compiler.check.context import Checker, member_help
from osmia.compiler.check.expressions import expression
from osmia.compiler.check.frames import Flow, merge
from osmia.compiler.check.values import (
    Absent,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Static,
    Value,
)
from osmia.compiler.ir.operands import Null
from osmia.compiler.ir.ops import StoreLocal
from osmia.compiler.ir.types import I32, IntegerType, MemoryType, PointerType, Space
from osmia.compiler.primitives import maps
from osmia.dataclass import replace
from osmia.lang.maps import Map


def statements(checker: Checker, body: list[ast.stmt]) -> Flow | None:
    """A block of statements, in order; what is known behind it, None where control never comes there."""
    for index, node in enumerate(body):
        ended = index > 0 and isinstance(body[index - 1], ast.Return | ast.Break | ast.Continue)
        if ended:
            checker.report(findings.unreachable(checker.span(node)))
            return None
        checker.at(node)
        _statement(checker, node)
    return checker.state


def _statement(checker: Checker, node: ast.stmt) -> None:  # noqa: C901 - one case for each statement
    match node:
        case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
            pass
        case ast.Expr(value=value):
            expression(checker, value)
        case ast.Assign(targets=targets, value=value_node):
            assigned = expression(checker, value_node)
            for target in targets:
                checker.at(node)
                assignments.assign(checker, target, assigned, value_node)
        case ast.AugAssign():
            assignments.augmented(checker, node)
        case ast.AnnAssign():
            assignments.declare(checker, node)
        case ast.Delete(targets=targets):
            for target in targets:
                _delete(checker, target)
        case ast.If():
            _if(checker, node)
        case ast.While():
            loops.while_loop(checker, node, statements)
        case ast.For():
            loops.for_loop(checker, node, statements)
        case ast.Match():
            patterns.match_statement(checker, node, statements)
        case ast.With():
            locks.with_lock(checker, node, statements)
        case ast.Break():
            locks.leaves_turn(checker)
            loop = checker.frame.loops[-1]
            loop.breaks.append(checker.state)
            checker.builder.jump(loop.exit)
            checker.state = None
        case ast.Continue():
            locks.leaves_turn(checker)
            loop = checker.frame.loops[-1]
            reservations.turn_ends(checker, loop.head, node)
            loop.continues.append(checker.state)
            checker.builder.jump(loop.step)
            checker.state = None
        case ast.Return(value=returned):
            _return(checker, node, returned)
        case _:
            raise AssertionError(f"{type(node).__name__} is not refused and not compiled")


def _delete(checker: Checker, target: ast.expr) -> None:
    if isinstance(target, ast.Subscript):
        receiver = expression(checker, target.value)
        if isinstance(receiver, Static) and isinstance(receiver.value, Map):
            if not maps.has_entries(checker, receiver.value, checker.span(target), delete=True):
                return
            key = expression(checker, target.slice)
            checker.at(target)
            if not isinstance(key, Poison):
                maps.delete(checker, receiver.value, key, checker.span(target.slice))
            return
        if isinstance(receiver, Reference) and receiver.type.space is Space.MAP:
            checker.present(receiver, checker.span(target))
            return
    checker.report(
        findings.refused_syntax(
            checker.span(target), "`del` of this", "only map entries can be deleted", "`del m[key]`"
        )
    )


def _if(checker: Checker, node: ast.If) -> None:
    builder = checker.builder
    then, join = builder.block(), builder.block()
    otherwise = builder.block() if node.orelse else join
    true_state, false_state = condition(checker, node.test, then, otherwise, expression)
    builder.enter(then)
    checker.state = true_state
    statements(checker, node.body)
    builder.jump(join)
    after_then, after_else = checker.state, false_state
    if node.orelse:
        builder.enter(otherwise)
        checker.state = false_state
        statements(checker, node.orelse)
        builder.jump(join)
        after_else = checker.state
    builder.enter(join)
    checker.state = merge((after_then, after_else))


def _return(checker: Checker, node: ast.Return, returned: ast.expr | None) -> None:
    frame, builder = checker.frame, checker.builder
    value: Value = Absent() if returned is None else expression(checker, returned)
    checker.at(node)
    locks.leaves_function(checker)
    span = checker.span(returned if returned is not None else node)
    inner, optional = checker.module.types.split_optional(frame.return_annotation)
    expected = checker.module.types.memory_type(inner)
    if inner in (None, NoneType):
        if not isinstance(value, Absent | Poison):
            checker.report(findings.type_mismatch(span, "None", str(value)))
    elif isinstance(value, PlainInt) and inner is int and frame.exit is None:
        verdict = checker.fit(value, I32, span)
        if isinstance(verdict, Scalar):
            builder.finish(verdict.operand)
    elif isinstance(value, PlainInt) and expected is not None:
        checker.report(findings.plain_int(span, "the result", str(expected), member_help(expected)))
    elif isinstance(value, Absent) and optional:
        assert frame.result is not None
        assert isinstance(frame.result.type, PointerType)
        builder.emit(StoreLocal(frame.result, Null(frame.result.type)))
    elif isinstance(value, Reference) and value.type.nullable and optional:
        _store_result(checker, value)
    elif expected is not None:
        fitted = _fit_result(checker, value, expected, node, returned)
        if frame.exit is None and isinstance(fitted, Scalar):
            builder.finish(fitted.operand)
        elif isinstance(fitted, Scalar | Reference):
            _store_result(checker, fitted)
    elif isinstance(value, Reference) and checker.module.types.pointer_target(inner) == value.type.pointee:
        _store_result(checker, value)
    elif not isinstance(value, Poison):
        checker.report(findings.type_mismatch(span, getattr(inner, "__name__", str(inner)), str(value)))
    if frame.exit is None:
        reservations.program_ends(checker, node)
    else:
        frame.returns.append(checker.state)
        builder.jump(frame.exit)
    checker.state = None


def _fit_result(
    checker: Checker, value: Value, expected: MemoryType, node: ast.Return, returned: ast.expr | None
) -> Value:
    span = checker.span(returned if returned is not None else node)
    if isinstance(value, Scalar) and value.type != expected and isinstance(expected, IntegerType):
        exact = isinstance(value.type, IntegerType) and value.type.plain == value.type.name == expected.plain
        if exact and expected.base:
            finding = findings.type_mismatch(span, expected.name, str(value), member_help(expected))
            return checker.report(finding)
    return checker.fit(value, expected, span)


def _store_result(checker: Checker, value: Scalar | Reference) -> None:
    frame = checker.frame
    assert frame.result is not None
    first = frame.result_value
    if first is None:
        frame.result_value = value
    elif (
        isinstance(value, Reference)
        and isinstance(first, Reference)
        and value.type.space is not first.type.space
    ):
        spaces = f"{first} in {first.type.space.value} memory", f"{value} in {value.type.space.value} memory"
        checker.report(findings.variable_type(frame.source.span_of_name(), "the result", *spaces))
        return
    operand = value.operand
    if isinstance(value, Reference) and value.fresh:
        frame.result_slot = operand = checker.moved(value, frame.result_slot)
    elif isinstance(value, Reference) and isinstance(frame.result_value, Reference):
        roots = frame.result_value.roots | value.roots
        frame.result_value = replace(frame.result_value, fresh=False, roots=roots)
    if isinstance(value, Reference) and value.type.space is Space.PACKET:
        frame.result_sure = frame.result_sure or checker.builder.local("result itself", value.type)
        checker.builder.emit(StoreLocal(frame.result_sure, value.sure or operand))
    checker.builder.emit(StoreLocal(frame.result, operand))
