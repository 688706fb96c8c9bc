"""Calls of other functions: their bodies take the place of the call."""

from __future__ import annotations

import ast
from types import NoneType

from osmia.compiler import findings
from osmia.compiler.check import assignments
from osmia.compiler.check.context import Checker
from osmia.compiler.check.frames import Flow, Frame, Variable, merge
from osmia.compiler.check.helper_rules import forget_packet
from osmia.compiler.check.reservations import entry_flow, flow_after_call
from osmia.compiler.check.signature import Signature, fit_argument, read_signature
from osmia.compiler.check.statements import statements
from osmia.compiler.check.values import Absent, Poison, Reference, Scalar, Value, scalar
from osmia.compiler.ir.operands import Null, Scope
from osmia.compiler.ir.ops import LoadLocal, StoreLocal
from osmia.compiler.ir.types import BoolType, IntegerType, IrType, PointerType, Space
from osmia.compiler.source import FunctionSource
from osmia.dataclass import replace


def inline(checker: Checker, source: FunctionSource, arguments: list[Value], node: ast.expr) -> Value:
    """The body of a function in place of a call of it."""
    parameters = source.node.args.args
    if len(parameters) != len(arguments) and not source.node.args.defaults:
        expected = f"{len(parameters)} argument{'s' if len(parameters) != 1 else ''}, not {len(arguments)}"
        return checker.report(findings.wrong_arguments(checker.span(node), source.node.name, expected))
    caller, caller_state, builder = checker.frame, checker.state, checker.builder
    moves = checker.packet_moves
    location = builder.location
    scope = Scope(source.node.name, source.filename, source.node.lineno, location)
    frame = Frame(source, scope, caller.program, None, exit=builder.block())
    frame.calls = (*caller.calls, source.function)
    checker.frame = frame
    signature = read_signature(checker, source)
    checker.frame = caller
    if signature is None:
        return Poison()
    open_result(checker, frame, signature)
    given = zip(parameters, signature.parameters, arguments, strict=True)
    fitted = [
        (parameter, value if annotation is None else fit_argument(checker, annotation, value, node))
        for parameter, annotation, value in given
    ]
    end = check_body(checker, frame, signature, fitted)
    builder.location = location
    result = _result(checker, frame)
    checker.frame, checker.state = caller, flow_after_call(caller_state, end)
    if checker.packet_moves > moves:
        forget_packet(checker)
    return result


def open_result(checker: Checker, frame: Frame, signature: Signature) -> None:
    """Make the variable that takes what the function of a frame gives."""
    frame.return_annotation = signature.result
    result_type = _result_type(checker, signature.result)
    if result_type is not None:
        frame.result = checker.builder.local(f"result of {frame.source.node.name}", result_type)


def check_body(
    checker: Checker, frame: Frame, signature: Signature, given: list[tuple[ast.arg, Value]]
) -> Flow | None:
    """Check and emit a function's body, its parameters bound; what follows is emitted at its exit.

    The result is what is known there, None where it never returns.
    """
    source, builder = frame.source, checker.builder
    checker.frame, checker.state = frame, entry_flow(checker.state)
    for parameter, value in given:
        _bind_parameter(checker, parameter, value)
    end = statements(checker, source.node.body)
    if end is not None and not _may_end(checker, signature.result):
        checker.report(
            findings.missing_return(source.span_of_name(), source.node.name, ast.unparse(signature.node))
        )
    if frame.result is not None and isinstance(frame.result.type, PointerType):
        builder.emit(StoreLocal(frame.result, Null(frame.result.type)))
    frame.returns.append(end)
    assert frame.exit is not None
    builder.jump(frame.exit)
    builder.enter(frame.exit)
    return merge(frame.returns)


def _bind_parameter(checker: Checker, parameter: ast.arg, value: Value) -> None:
    name = ast.copy_location(ast.Name(parameter.arg, ast.Store()), parameter)
    if isinstance(value, Reference):
        assignments.bind(checker, name, replace(value, roots=frozenset()))
        checker.frame.variables[name.id].given = value.roots
        return
    if isinstance(value, Scalar):
        assignments.bind(checker, name, value)
        return
    checker.frame.variables[name.id] = Variable(None, value)
    if checker.state is not None:
        checker.state = replace(checker.state, assigned=checker.state.assigned | {name.id})


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


def _result(checker: Checker, frame: Frame) -> Value:
    value = frame.result_value
    if value is None or frame.result is None:
        return Absent() if _may_end(checker, frame.return_annotation) else Poison()
    if isinstance(value, Reference):
        _, optional = checker.module.types.split_optional(frame.return_annotation)
        kind = value.type
        register = checker.builder.register(PointerType(kind.pointee, kind.space, nullable=optional))
        checker.builder.emit(LoadLocal(register, frame.result))
        origin = value.origin or f"`{frame.source.node.name}` can return None"
        sure = None
        if frame.result_sure is not None:
            sure = checker.builder.register(kind)
            checker.builder.emit(LoadLocal(sure, frame.result_sure))
        operand = sure if sure is not None and not optional else register
        fresh = value.fresh and not optional
        roots, held = frame.passed(value.roots), value.reservations
        return Reference(operand, origin, fresh, roots, sure, reservations=held)
    register = checker.builder.register(frame.result.type)
    checker.builder.emit(LoadLocal(register, frame.result))
    return scalar(register)
