"""Statements and loops."""

from __future__ import annotations

import ast
from dataclasses import replace
from types import NoneType

from osmia.compiler import findings
from osmia.compiler.check import assignments
from osmia.compiler.check.conditions import condition
from osmia.compiler.check.context import Checker, Flow, Loop, Variable, member_help, merge
from osmia.compiler.check.expressions import expression
from osmia.compiler.check.names import assigned_names
from osmia.compiler.check.values import (
    Absent,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Static,
    Value,
    limits,
    scalar,
)
from osmia.compiler.ir.ops import Binary, LoadLocal, Local, Null, Number, StoreLocal
from osmia.compiler.ir.types import I32, I64, IntegerType, MemoryType, PointerType, Space
from osmia.compiler.primitives import maps
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
            _while(checker, node)
        case ast.For():
            _for(checker, node)
        case ast.Break():
            loop = checker.frame.loops[-1]
            loop.breaks.append(checker.state)
            checker.builder.jump(loop.exit)
            checker.state = None
        case ast.Continue():
            loop = checker.frame.loops[-1]
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


def _changed(node: ast.For | ast.While) -> frozenset[str]:
    """The names that a turn of a loop sets."""
    return frozenset(assigned_names([node]))


def _at_loop_head(checker: Checker, node: ast.For | ast.While) -> Flow | None:
    """What is known at the head of a loop: not that a name is present which a turn may set to None."""
    state = checker.state
    if state is None:
        return None
    function = checker.frame.source.function
    absent = {name for name in _changed(node) if (function, name) in checker.module.may_be_none}
    return Flow(state.assigned, state.present - absent)


def _assumed(checker: Checker, node: ast.For | ast.While) -> frozenset[str]:
    state = checker.state
    return frozenset() if state is None else state.present & _changed(node)


def _while(checker: Checker, node: ast.While) -> None:
    builder = checker.builder
    head, body, after = builder.block(), builder.block(), builder.block()
    reached = checker.state is not None
    builder.jump(head)
    builder.enter(head)
    checker.state = _at_loop_head(checker, node)
    loop = Loop(after, head, _changed(node), _assumed(checker, node))
    # The test is part of each turn.
    checker.frame.loops.append(loop)
    true_state, false_state = condition(checker, node.test, body, after, expression)
    builder.enter(body)
    checker.state = true_state
    statements(checker, node.body)
    builder.jump(head)
    checker.frame.loops.pop()
    if reached and false_state is None and not loop.breaks and not _returns(node.body):
        checker.report(findings.unbounded_loop(checker.span(node.test)))
    builder.enter(after)
    checker.state = merge((false_state, *loop.breaks))


def _returns(body: list[ast.stmt]) -> bool:
    return any(isinstance(inner, ast.Return) for statement in body for inner in ast.walk(statement))


def _for(checker: Checker, node: ast.For) -> None:
    """`for i in range(…)`: the index is a plain int whose range is known."""
    bounds = _range_arguments(checker, node)
    if bounds is None:
        _give_up(checker, node)
        return
    start, stop, step = bounds
    builder = checker.builder
    assert isinstance(node.target, ast.Name)
    index = builder.local(node.target.id, I64)
    builder.emit(StoreLocal(index, start.operand))
    head, body, advance, after = builder.block(), builder.block(), builder.block(), builder.block()
    builder.jump(head)
    builder.enter(head)
    checker.state = _at_loop_head(checker, node)
    current = _load_index(checker, index)
    limit = Scalar(stop.operand, stop.low, stop.high)
    builder.branch(checker.compare("lt" if step > 0 else "gt", current, limit), body, after)
    before = checker.state
    loop = Loop(after, advance, _changed(node), _assumed(checker, node), node.target.id)
    checker.frame.loops.append(loop)
    builder.enter(body)
    low, high = (start.low, stop.high - 1) if step > 0 else (stop.low + 1, start.high)
    assignments.bind(checker, node.target, PlainInt(_load_index(checker, index).operand, low, high))
    statements(checker, node.body)
    builder.jump(advance)
    builder.enter(advance)
    checker.at(node)
    moved = builder.register(I64)
    builder.emit(Binary(moved, "add", _load_index(checker, index).operand, Number(step, I64)))
    builder.emit(StoreLocal(index, moved))
    builder.jump(head)
    checker.frame.loops.pop()
    builder.enter(after)
    checker.state = merge((before, *loop.breaks))


def _give_up(checker: Checker, node: ast.For) -> None:
    """Let nothing that a loop sets be reported as unset when the loop itself was refused."""
    names = _changed(node)
    for name in names:
        checker.frame.variables.setdefault(name, Variable(None, Poison()))
    if checker.state is not None:
        checker.state = Flow(checker.state.assigned | names, checker.state.present)


def _load_index(checker: Checker, index: Local) -> Scalar:
    register = checker.builder.register(I64)
    checker.builder.emit(LoadLocal(register, index))
    return scalar(register)


def _range_arguments(checker: Checker, node: ast.For) -> tuple[PlainInt, PlainInt, int] | None:
    call = node.iter
    is_range = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"
    if not isinstance(node.target, ast.Name):
        finding = findings.refused_syntax(
            checker.span(node.target),
            "this target of a loop",
            "the index is one number",
            "write `for i in range(n):`",
        )
        checker.report(finding)
        return None
    name = node.target.id
    if any(loop.index == name for loop in checker.frame.loops):
        checker.report(findings.rebound(checker.span(node.target), name, "the index of an outer loop"))
        return None
    if not is_range:
        span = checker.span(node.iter)
        checker.report(
            findings.refused_syntax(
                span, "a loop over this", "only ranges are compiled", "write `for i in range(n):`"
            )
        )
        return None
    assert isinstance(call, ast.Call)
    values: list[PlainInt] = []
    for argument in call.args:
        value = expression(checker, argument)
        if isinstance(value, Scalar) and isinstance(value.type, IntegerType) and value.type.bits < 64:
            value = PlainInt(checker.convert(value, I64).operand, value.low, value.high)
        if not isinstance(value, PlainInt) or value.high > limits(I64)[1]:
            if not isinstance(value, Poison):
                expected = "an integer of at most 32 bits"
                checker.report(findings.type_mismatch(checker.span(argument), expected, str(value)))
            return None
        values.append(value)
    if not 1 <= len(values) <= 3 or call.keywords:
        checker.report(findings.wrong_arguments(checker.span(call), "range", "one to three numbers"))
        return None
    zero = PlainInt(Number(0, I64), 0, 0)
    start, stop = (zero, values[0]) if len(values) == 1 else (values[0], values[1])
    step = values[2] if len(values) == 3 else PlainInt(Number(1, I64), 1, 1)
    if not isinstance(step.operand, Number) or step.operand.value == 0:
        checker.report(findings.wrong_arguments(checker.span(call), "range", "a known step other than 0"))
        return None
    return start, stop, step.operand.value


def _return(checker: Checker, node: ast.Return, returned: ast.expr | None) -> None:
    frame, builder = checker.frame, checker.builder
    value: Value = Absent() if returned is None else expression(checker, returned)
    checker.at(node)
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
    if frame.exit is not None:
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
