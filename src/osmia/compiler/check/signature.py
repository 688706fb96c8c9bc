"""The annotations of a function that is called: what its parameters take and what it gives."""

from __future__ import annotations

import ast
from types import NoneType

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Context, Cursor, PlainInt, Poison, Reference, Static, Value
from osmia.compiler.frontend.syntax import refused_constructs
from osmia.compiler.ir.types import ArrayType, StructType
from osmia.compiler.source import FunctionSource
from osmia.dataclass import dataclass
from osmia.lang.packet import Packet


@dataclass(frozen=True)
class Annotation:
    """What an annotation means, and how it is written."""

    meaning: object
    text: str


@dataclass(frozen=True)
class Signature:
    """The parameters in order, None for an unannotated `self`; and the result."""

    parameters: tuple[Annotation | None, ...]
    result: object
    node: ast.expr


_PYTHON_ONLY: tuple[object, ...] = (float, complex, str, list, dict, set)
"""Types of which a program has no value at all."""


def read_signature(checker: Checker, source: FunctionSource) -> Signature | None:
    """The signature of the function whose frame is the current one; None where findings were reported."""
    before = len(checker.module.findings)
    for finding in refused_constructs(source):
        checker.report(finding)
    name = source.node.name
    parameters: list[Annotation | None] = []
    for parameter in source.node.args.args:
        if parameter.annotation is not None:
            meaning = checker.annotation(parameter.annotation)
            if getattr(meaning, "__origin__", meaning) in _PYTHON_ONLY:
                text = ast.unparse(parameter.annotation)
                help_text = "the kernel has no floating point: scale to integers" if meaning is float else ""
                checker.report(findings.no_layout(checker.span(parameter.annotation), text, help_text))
            parameters.append(Annotation(meaning, ast.unparse(parameter.annotation)))
        else:
            parameters.append(None)
            if parameter.arg != "self":
                checker.report(
                    findings.missing_annotation(checker.span(parameter), name, f"`{parameter.arg}`")
                )
    if source.node.returns is None:
        checker.report(findings.missing_annotation(source.span_of_name(), name, "the result"))
        return None
    result = checker.annotation(source.node.returns)
    if not isinstance(result, Poison):
        _check_result(checker, result, source.node.returns)
    if len(checker.module.findings) > before:
        return None
    return Signature(tuple(parameters), result, source.node.returns)


def _check_result(checker: Checker, result: object, node: ast.expr) -> None:
    inner, optional = checker.module.types.split_optional(result)
    if inner in (None, NoneType):
        return
    memory_type = checker.module.types.memory_type(inner)
    if memory_type is None and checker.module.types.pointer_target(inner) is None:
        checker.report(findings.no_layout(checker.span(node), ast.unparse(node)))
    elif optional and memory_type is not None and not isinstance(memory_type, StructType | ArrayType):
        help_text = "return a number that cannot occur, or a struct"
        checker.report(findings.no_layout(checker.span(node), ast.unparse(node), help_text))


def fit_argument(checker: Checker, annotation: Annotation, value: Value, node: ast.expr) -> Value:
    """An argument as its parameter's type; the finding stands at the call."""
    inner, optional = checker.module.types.split_optional(annotation.meaning)
    expected = checker.module.types.memory_type(inner)
    target = expected if expected is not None else checker.module.types.pointer_target(inner)
    if isinstance(value, Reference):
        if value.type.pointee == target and optional:
            return value
        if expected is None and target is not None and value.type.pointee == target:
            return checker.present(value, checker.span(node))
    if expected is not None:
        return checker.fit(value, expected, checker.span(node), literal=False)
    if target is None and _is_instance(value, inner):
        return value
    return checker.report(findings.type_mismatch(checker.span(node), annotation.text, str(value)))


def _is_instance(value: Value, annotation: object) -> bool:
    """Whether what has no place in memory is of the annotated class."""
    python_class = getattr(annotation, "__origin__", annotation)
    match value:
        case PlainInt():
            return python_class is int
        case Cursor():
            return python_class is Packet
        case Context(context_type=context_type):
            return isinstance(python_class, type) and issubclass(context_type, python_class)
        case Static(value=static):
            return isinstance(python_class, type) and isinstance(static, python_class)
        case _:
            return False
