"""`enum_value` and `enum_value_exists`: members of the kernel's enumerations, by their names."""

from __future__ import annotations

import ast
from enum import Enum
from typing import cast

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.expressions import expression
from osmia.compiler.check.values import Poison, Scalar, Static, Value, limits, scalar
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import KernelEnum, KernelEnumInfo
from osmia.compiler.ir.types import U64, IntegerType
from osmia.lang.integers import Integer
from osmia.lang.kernel_enums import kernel_enum_name


def enum_value(checker: Checker, call: ast.Call) -> Value:
    """The number of a member in the running kernel, of the enumeration's type."""
    found = _ask(checker, call, exists=False)
    if isinstance(found, Poison):
        return found
    number, kind = found
    return Scalar(checker.convert(number, kind).operand, *limits(kind))


def enum_value_exists(checker: Checker, call: ast.Call) -> Value:
    """Whether the running kernel has a member."""
    found = _ask(checker, call, exists=True)
    if isinstance(found, Poison):
        return found
    return scalar(checker.compare("ne", found[0], scalar(Number(0, U64))))


def _ask(checker: Checker, call: ast.Call, *, exists: bool) -> tuple[Scalar, IntegerType] | Poison:
    span = checker.span(call)
    if len(call.args) != 1 or call.keywords:
        name = "enum_value_exists" if exists else "enum_value"
        return checker.report(findings.wrong_arguments(span, name, "one member of an enumeration"))
    (member,) = call.args
    # The name is asked for, so it is taken from the text: a member's value no longer has it.
    owner = expression(checker, member.value) if isinstance(member, ast.Attribute) else None
    if isinstance(owner, Poison):
        return owner
    enumeration: object = owner.value if isinstance(owner, Static) else None
    kernel_name = kernel_enum_name(enumeration) if isinstance(enumeration, type) else ""
    if not kernel_name or not isinstance(member, ast.Attribute) or not isinstance(enumeration, type):
        text, help_text = (
            ast.unparse(member),
            "declare the enumeration: `@kernel_enum(…)`, and name the member",
        )
        expected = "a member of a kernel_enum"
        return checker.report(findings.type_mismatch(checker.span(member), expected, text, help_text))
    members = dict(cast("type[Enum]", enumeration).__members__)
    if member.attr not in members:
        return checker.report(findings.no_attribute(span, enumeration.__name__, member.attr, tuple(members)))
    kind = checker.module.types.memory_type(enumeration)
    assert isinstance(kind, IntegerType)
    numbers = tuple((name, int(cast("Integer", each))) for name, each in members.items())
    checker.at(call)
    result = checker.builder.register(U64)
    checker.builder.emit(
        KernelEnumInfo(
            result, KernelEnum(kernel_name, kind, numbers), list(members).index(member.attr), exists
        )
    )
    return scalar(result), kind
