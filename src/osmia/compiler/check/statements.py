"""Statements, loops, and the inlining of functions."""

from __future__ import annotations

import ast
from dataclasses import replace
from types import NoneType

from osmia.compiler import findings
from osmia.compiler.check import assignments
from osmia.compiler.check.conditions import condition
from osmia.compiler.check.context import Checker, Flow, Frame, Loop, Variable, merge
from osmia.compiler.check.expressions import expression
from osmia.compiler.check.values import (
    Absent,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Static,
    Value,
    scalar,
)
from osmia.compiler.frontend.syntax import refused_constructs
from osmia.compiler.ir.ops import Binary, LoadLocal, Local, Null, Number, Scope, StoreLocal
from osmia.compiler.ir.types import I64, BoolType, IntegerType, IrType, MemoryType, PointerType, Space
from osmia.compiler.primitives import maps
from osmia.compiler.source import FunctionSource
from osmia.lang.maps import Map


def statements(checker: Checker, body: list[ast.stmt]) -> None:
    """A block of statements, in order."""
    for index, node in enumerate(body):
        ended = index > 0 and isinstance(body[index - 1], ast.Return | ast.Break | ast.Continue)
        if ended:
            checker.report(findings.unreachable(checker.span(node)))
            return
        checker.at(node)
        _statement(checker, node)


def _statement(checker: Checker, node: ast.stmt) -> None:
    match node:
        case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
            pass
        case ast.Expr(value=value):
            expression(checker, value)
        case ast.Assign(targets=targets, value=value_node):
            value = expression(checker, value_node)
            for target in targets:
                checker.at(node)
                assignments.assign(checker, target, value, value_node)
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


def _at_loop_head(checker: Checker, body: list[ast.stmt]) -> Flow | None:
    """What is known at the head of a loop: not that a name is present which a turn may set to None."""
    state = checker.state
    if state is None:
        return None
    changed = frozenset(assigned_names(body))
    return Flow(state.assigned, state.present - changed)


def _while(checker: Checker, node: ast.While) -> None:
    builder = checker.builder
    head, body, after = builder.block(), builder.block(), builder.block()
    builder.jump(head)
    builder.enter(head)
    checker.state = _at_loop_head(checker, [ast.Expr(node.test), *node.body])
    true_state, false_state = condition(checker, node.test, body, after, expression)
    loop = Loop(after, head)
    checker.frame.loops.append(loop)
    builder.enter(body)
    checker.state = true_state
    statements(checker, node.body)
    builder.jump(head)
    checker.frame.loops.pop()
    if false_state is None and not loop.breaks and not _returns(node.body):
        checker.report(findings.unbounded_loop(checker.span(node.test)))
    builder.enter(after)
    checker.state = merge((false_state, *loop.breaks))


def _returns(body: list[ast.stmt]) -> bool:
    return any(isinstance(inner, ast.Return) for statement in body for inner in ast.walk(statement))


def _for(checker: Checker, node: ast.For) -> None:
    """`for i in range(…)`: the index is a plain int whose range is known."""
    bounds = _range_arguments(checker, node)
    if bounds is None:
        return
    start, stop, step = bounds
    builder = checker.builder
    index = builder.local(node.target.id if isinstance(node.target, ast.Name) else "index", I64)
    builder.emit(StoreLocal(index, start.operand))
    head, body, advance, after = builder.block(), builder.block(), builder.block(), builder.block()
    builder.jump(head)
    builder.enter(head)
    checker.state = _at_loop_head(checker, node.body)
    current = _load_index(checker, index)
    limit = Scalar(stop.operand, stop.low, stop.high)
    builder.branch(checker.compare("lt" if step > 0 else "gt", current, limit), body, after)
    before = checker.state
    loop = Loop(after, advance)
    checker.frame.loops.append(loop)
    builder.enter(body)
    low, high = (start.low, stop.high - 1) if step > 0 else (stop.low + 1, start.high)
    assert isinstance(node.target, ast.Name)
    assignments.bind(
        checker, node.target, PlainInt(_load_index(checker, index).operand, low, high), node.iter
    )
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


def _load_index(checker: Checker, index: Local) -> Scalar:
    register = checker.builder.register(I64)
    checker.builder.emit(LoadLocal(register, index))
    return scalar(register)


def _range_arguments(checker: Checker, node: ast.For) -> tuple[PlainInt, PlainInt, int] | None:
    call = node.iter
    is_range = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"
    if not is_range or not isinstance(node.target, ast.Name):
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
        if not isinstance(value, PlainInt):
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
    elif isinstance(value, PlainInt) and expected is not None:
        checker.report(findings.plain_int(span, "the result", str(expected)))
    elif isinstance(value, Absent) and optional:
        assert frame.result is not None and isinstance(frame.result.type, PointerType)
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
            help_text = f"return a member of `{expected.name}`"
            return checker.report(findings.type_mismatch(span, expected.name, str(value), help_text))
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
    elif isinstance(frame.result_value, Reference):
        frame.result_value = replace(frame.result_value, fresh=False)
    checker.builder.emit(StoreLocal(frame.result, operand))


def assigned_names(body: list[ast.stmt]) -> list[str]:
    """Every name that a body sets, once for each place that sets it."""
    names = []
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.append(node.id)
    return names


def aliased_names(body: list[ast.stmt]) -> frozenset[str]:
    """Every name that a body gives to another name as it is."""
    found = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(
                node.value, ast.Name
            ):
                found.add(node.value.id)
    return frozenset(found)


def count_assignments(source: FunctionSource) -> dict[str, int]:
    """How often each name is set in a function, its parameters included."""
    counts: dict[str, int] = {argument.arg: 1 for argument in source.node.args.args}
    for name in assigned_names(source.node.body):
        counts[name] = counts.get(name, 0) + 1
    return counts


def inline(checker: Checker, source: FunctionSource, arguments: list[Value], node: ast.expr) -> Value:
    """The body of a function in place of a call of it."""
    refused = list(refused_constructs(source))
    for finding in refused:
        checker.report(finding)
    parameters = source.node.args.args
    if len(parameters) != len(arguments):
        expected = f"{len(parameters)} arguments"
        return checker.report(findings.wrong_arguments(checker.span(node), source.node.name, expected))
    if refused:
        return Poison()
    caller, caller_state, builder = checker.frame, checker.state, checker.builder
    location = builder.location
    scope = Scope(source.node.name, source.filename, source.node.lineno, location)
    annotation = None if source.node.returns is None else source.evaluate(source.node.returns)
    frame = Frame(source, scope, caller.program, count_assignments(source), annotation, exit=builder.block())
    frame.calls = (*caller.calls, source.function)
    frame.aliased = aliased_names(source.node.body)
    if source.node.returns is None:
        return checker.report(
            findings.missing_annotation(source.span_of_name(), source.node.name, "the result")
        )
    result_type = _result_type(checker, annotation)
    _, optional = checker.module.types.split_optional(annotation)
    if optional and not isinstance(result_type, PointerType):
        assert source.node.returns is not None
        where = source.source_map.span(source.node.returns)
        help_text = "return a number that cannot occur, or a struct"
        return checker.report(findings.no_layout(where, ast.unparse(source.node.returns), help_text))
    if result_type is not None:
        frame.result = builder.local(f"result of {source.node.name}", result_type)
    fitted = [
        _fit_argument(checker, source, parameter, value, checker.span(node))
        for parameter, value in zip(parameters, arguments, strict=True)
    ]
    checker.frame, checker.state = frame, Flow()
    for parameter, value in zip(parameters, fitted, strict=True):
        name = ast.copy_location(ast.Name(parameter.arg, ast.Store()), parameter)
        _bind_parameter(checker, name, value)
    statements(checker, source.node.body)
    if checker.state is not None and not _may_end(checker, annotation):
        checker.report(findings.missing_return(source.span_of_name(), source.node.name, str(annotation)))
    if frame.result is not None and isinstance(frame.result.type, PointerType):
        builder.emit(StoreLocal(frame.result, Null(frame.result.type)))
    frame.returns.append(checker.state)
    assert frame.exit is not None
    builder.jump(frame.exit)
    builder.enter(frame.exit)
    ended = merge(frame.returns)
    builder.location = location
    result = _result(checker, frame, annotation)
    checker.frame, checker.state = caller, (caller_state if ended is not None else None)
    return result


def _bind_parameter(checker: Checker, name: ast.Name, value: Value) -> None:
    if isinstance(value, Scalar | Reference):
        assignments.bind(checker, name, value, ast.copy_location(ast.Constant(0), name))
    elif checker.state is not None:
        checker.frame.variables[name.id] = Variable(None, value)
        checker.state = Flow(checker.state.assigned | {name.id}, checker.state.present)


def _fit_argument(
    checker: Checker, source: FunctionSource, parameter: ast.arg, value: Value, span: object
) -> Value:
    from osmia.diagnostics import Span

    assert isinstance(span, Span)
    if parameter.arg == "self" and parameter.annotation is None:
        return value
    if parameter.annotation is None:
        where = source.source_map.span(parameter)
        return checker.report(findings.missing_annotation(where, source.node.name, f"`{parameter.arg}`"))
    annotation = source.evaluate(parameter.annotation)
    inner, optional = checker.module.types.split_optional(annotation)
    expected = checker.module.types.memory_type(inner)
    if expected is None:
        return value
    if optional and isinstance(value, Reference) and value.type.pointee == expected:
        return value
    return checker.fit(value, expected, span, literal=False)


def _result_type(checker: Checker, annotation: object) -> IrType | None:
    """The type of the variable that takes the result; where a pointer points shows at the first return."""
    inner, _ = checker.module.types.split_optional(annotation)
    memory_type = checker.module.types.memory_type(inner)
    if isinstance(memory_type, IntegerType | BoolType):
        return memory_type
    target = memory_type if memory_type is not None else checker.module.types.pointer_target(inner)
    return None if target is None else PointerType(target, Space.STACK, nullable=True)


def _may_end(checker: Checker, annotation: object) -> bool:
    inner, optional = checker.module.types.split_optional(annotation)
    return optional or inner in (None, NoneType)


def _result(checker: Checker, frame: Frame, annotation: object) -> Value:
    value = frame.result_value
    if value is None or frame.result is None:
        return Absent() if _may_end(checker, annotation) else Poison()
    if isinstance(value, Reference):
        _, optional = checker.module.types.split_optional(annotation)
        kind = value.type
        register = checker.builder.register(PointerType(kind.pointee, kind.space, nullable=optional))
        checker.builder.emit(LoadLocal(register, frame.result))
        origin = value.origin or f"`{frame.source.node.name}` can return None"
        return Reference(register, origin, value.fresh and not optional)
    register = checker.builder.register(frame.result.type)
    checker.builder.emit(LoadLocal(register, frame.result))
    return scalar(register)
