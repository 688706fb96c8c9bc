"""The arguments of a hook as parameters of its program: 8 bytes each in the context."""

from __future__ import annotations

import ast
from typing import Any

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Poison, Scalar, Value, scalar
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import ContextField
from osmia.compiler.ir.types import U64, BoolType, IntegerType
from osmia.compiler.primitives.kernel_memory import typed_argument
from osmia.lang.kernel_programs import TypedProgram
from osmia.lang.kernel_structs import KernelStruct

_MOST_ARGUMENTS = 12
"""MAX_BPF_FUNC_ARGS."""


def bind_arguments(checker: Checker, program: TypedProgram[Any], node: ast.FunctionDef) -> None:
    """Load the parameters behind the context, by their annotations."""
    parameters = node.args.args[1:]
    if not node.args.args or len(parameters) > _MOST_ARGUMENTS:
        expected = f"`ctx: {program.context_type.__name__}`, then at most {_MOST_ARGUMENTS} arguments"
        checker.report(findings.wrong_arguments(checker.frame.source.span_of_name(), program.name, expected))
        return
    for index, parameter in enumerate(parameters):
        name = ast.copy_location(ast.Name(parameter.arg, ast.Store()), parameter)
        checker.bind(checker, name, _argument(checker, program, index, parameter))


def _argument(checker: Checker, program: TypedProgram[Any], index: int, parameter: ast.arg) -> Value:
    span = checker.span(parameter)
    if parameter.annotation is None:
        return checker.report(findings.missing_annotation(span, program.name, f"`{parameter.arg}`"))
    meaning = checker.annotation(parameter.annotation)
    if isinstance(meaning, Poison):
        return meaning
    kind = checker.module.types.memory_type(meaning)
    register = checker.builder.register(U64)
    checker.builder.emit(ContextField(register, 8 * index, 8))
    if isinstance(meaning, type) and issubclass(meaning, KernelStruct):
        return typed_argument(checker, register, meaning)
    value = scalar(register)
    if isinstance(kind, BoolType):
        low = checker.convert(value, IntegerType("u8", 8))
        return scalar(checker.compare("ne", low, _zero(low)))
    if isinstance(kind, IntegerType) and not kind.big_endian:
        return checker.convert(value, kind)
    help_text = "annotate it as an integer type, bool or a KernelStruct; a pointer to anything else is an u64"
    return checker.report(
        findings.no_layout(checker.span(parameter.annotation), ast.unparse(parameter.annotation), help_text)
    )


def _zero(value: Scalar) -> Scalar:
    return Scalar(Number(0, value.type), 0, 0)
