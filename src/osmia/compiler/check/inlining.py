"""Calls of other functions: their bodies take the place of the call."""

from __future__ import annotations

import ast
from types import NoneType

from osmia.compiler import findings
from osmia.compiler.check import assignments
from osmia.compiler.check.context import Checker, Flow, Frame, Variable, merge
from osmia.compiler.check.names import aliased_names, count_assignments
from osmia.compiler.check.statements import statements
from osmia.compiler.check.values import Absent, Poison, Reference, Scalar, Value, scalar
from osmia.compiler.frontend.syntax import refused_constructs
from osmia.compiler.ir.ops import LoadLocal, Null, Scope, StoreLocal
from osmia.compiler.ir.types import BoolType, IntegerType, IrType, PointerType, Space
from osmia.compiler.source import FunctionSource
from osmia.diagnostics import Span


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
    checker: Checker, source: FunctionSource, parameter: ast.arg, value: Value, span: Span
) -> Value:
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
