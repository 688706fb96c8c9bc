"""Calls of the kernel's functions (kfuncs): declared by the user, found by name when the object is loaded."""

from __future__ import annotations

import ast
from types import NoneType
from typing import Any, cast

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.frames import Frame
from osmia.compiler.check.signature import Annotation, fit_argument
from osmia.compiler.check.values import Absent, Context, Poison, Reference, Scalar, Static, Value, scalar
from osmia.compiler.ir.operands import KernelFunction, Operand, Parameter, Scope
from osmia.compiler.ir.ops import CallKernelFunction, ContextAddress, KernelFunctionExists
from osmia.compiler.ir.types import I64, ArrayType, BoolType, IntegerType, PointerType, Space, StructType
from osmia.compiler.primitives.contexts import CONTEXTS
from osmia.compiler.primitives.method import Call
from osmia.compiler.source import FunctionSource, read_function
from osmia.lang import kfuncs

_MOST_ARGUMENTS = 5


def call_kernel_function(
    checker: Checker, function: kfuncs.KernelFunction[..., Any], arguments: list[Value], node: ast.expr
) -> Value:
    """A call of a declared function of the kernel."""
    declared = _declaration(checker, function)
    if declared is None:
        return Poison()
    kernel_function, annotations = declared
    if len(arguments) != len(annotations):
        expected = ", ".join(each.name for each in kernel_function.parameters) or "no arguments"
        return checker.report(findings.wrong_arguments(checker.span(node), function.name, expected))
    operands: list[Operand] = []
    for annotation, value in zip(annotations, arguments, strict=True):
        fitted = fit_argument(checker, annotation, value, node)
        if isinstance(fitted, Poison):
            return fitted
        operands.append(_operand(checker, fitted))
    kind = kernel_function.result
    result = checker.builder.register(I64 if kind is None else kind)
    checker.builder.emit(CallKernelFunction(result, kernel_function, tuple(operands)))
    return Absent() if kind is None else scalar(result)


def exists(checker: Checker, receiver: Value, call: Call) -> Value:
    """`kfunc_exists(function)`."""
    (value,) = call.values
    given: object = value.value if isinstance(value, Static) else None
    if not isinstance(given, kfuncs.KernelFunction):
        return checker.report(findings.type_mismatch(call.spans[0], "a function under @kfunc", str(value)))
    declared = _declaration(checker, cast("kfuncs.KernelFunction[..., Any]", given))
    if declared is None:
        return Poison()
    result = checker.builder.register_bool()
    checker.builder.emit(KernelFunctionExists(result, declared[0]))
    return scalar(result)


def _operand(checker: Checker, value: Value) -> Operand:
    if isinstance(value, Context):
        address = checker.builder.register(PointerType(None, Space.CONTEXT))
        checker.builder.emit(ContextAddress(address))
        return address
    assert isinstance(value, Scalar | Reference)
    return value.operand


def _declaration(
    checker: Checker, function: kfuncs.KernelFunction[..., Any]
) -> tuple[KernelFunction, list[Annotation]] | None:
    """The function as it is declared; None where findings were reported, which stand in its declaration."""
    source = read_function(function.function)  # type: ignore[arg-type]
    caller, before = checker.frame, len(checker.module.findings)
    scope = Scope(source.node.name, source.filename, source.node.lineno)
    checker.frame = Frame(source, scope, caller.program, None)
    try:
        annotations = _annotations(checker, source)
        parameters = [
            _parameter(checker, parameter, annotation)
            for parameter, annotation in zip(source.node.args.args, annotations, strict=True)
        ]
        result = _result(checker, source)
    finally:
        checker.frame = caller
    if len(checker.module.findings) > before:
        return None
    context = CONTEXTS[checker.context_type].kernel_name
    known = tuple(each for each in parameters if each is not None)
    return KernelFunction(function.name, known, result, context), annotations


def _annotations(checker: Checker, source: FunctionSource) -> list[Annotation]:
    parameters = source.node.args.args
    if len(parameters) > _MOST_ARGUMENTS:
        what = f"{len(parameters)} arguments: there are {_MOST_ARGUMENTS} registers for them"
        checker.report(findings.kfunc_type(source.span_of_name(), source.node.name, what))
    found: list[Annotation] = []
    for parameter in parameters:
        if parameter.annotation is None:
            span = checker.span(parameter)
            checker.report(findings.missing_annotation(span, source.node.name, f"`{parameter.arg}`"))
            found.append(Annotation(Poison(), ""))
        else:
            meaning = checker.annotation(parameter.annotation)
            found.append(Annotation(meaning, ast.unparse(parameter.annotation)))
    return found


def _parameter(checker: Checker, parameter: ast.arg, annotation: Annotation) -> Parameter | None:
    meaning = annotation.meaning
    kind = checker.module.types.memory_type(meaning)
    if isinstance(kind, IntegerType | BoolType):
        return Parameter(parameter.arg, kind)
    if isinstance(kind, StructType | ArrayType):
        return Parameter(parameter.arg, PointerType(kind, Space.STACK))
    if isinstance(meaning, type) and meaning in CONTEXTS:
        return Parameter(parameter.arg, PointerType(None, Space.CONTEXT))
    if not isinstance(meaning, Poison):
        name = checker.frame.source.node.name
        checker.report(findings.kfunc_type(checker.span(parameter), name, f"a `{annotation.text}`"))
    return None


def _result(checker: Checker, source: FunctionSource) -> IntegerType | BoolType | None:
    node = source.node.returns
    if node is None:
        checker.report(findings.missing_annotation(source.span_of_name(), source.node.name, "the result"))
        return None
    meaning = checker.annotation(node)
    if meaning in (None, NoneType) or isinstance(meaning, Poison):
        return None
    kind = checker.module.types.memory_type(meaning)
    if not isinstance(kind, IntegerType | BoolType):
        text = f"a result `{ast.unparse(node)}`"
        checker.report(findings.kfunc_type(checker.span(node), source.node.name, text))
        return None
    return kind
