"""`in`: a map, a tuple or set of numbers, a range."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from osmia.compiler import findings
from osmia.compiler.check import operators
from osmia.compiler.check.context import Checker, number
from osmia.compiler.check.values import Poison, Reference, Scalar, Several, Static, Value, scalar
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import LoadLocal, StoreLocal
from osmia.compiler.ir.types import BOOL, ArrayType, Space
from osmia.compiler.primitives import maps, queues
from osmia.dataclass import dataclass
from osmia.lang.flags import Flags
from osmia.lang.maps import Map
from osmia.lang.queues import is_bloom_filter

Evaluate = Callable[[Checker, ast.expr], Value]


@dataclass(frozen=True)
class Between:
    """`range(low, end)` behind `in`."""

    low: Value
    end: Value


def right_side(checker: Checker, operator: ast.cmpop, node: ast.expr, evaluate: Evaluate) -> Value | Between:
    """The right side of a comparison; behind `in` also a set of numbers, or a range."""
    if isinstance(operator, ast.In | ast.NotIn):
        if isinstance(node, ast.Set):
            return Several(tuple(evaluate(checker, each) for each in node.elts))
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if isinstance(node, ast.Call) and is_call and evaluate(checker, node.func) == Static(range):
            given = [evaluate(checker, argument) for argument in node.args]
            if node.keywords or len(given) not in (1, 2):
                expected = "one or two numbers behind `in`"
                return checker.report(findings.wrong_arguments(checker.span(node), "range", expected))
            return Between(number(0) if len(given) == 1 else given[0], given[-1])
    return evaluate(checker, node)


def _all_of(checker: Checker, tests: Sequence[Value], *, wanted: bool) -> Value:
    """A bool: `wanted` where some test gives that, else its opposite."""
    builder = checker.builder
    result, decided, join = builder.local("among", BOOL), builder.block(), builder.block()
    builder.emit(StoreLocal(result, Number(int(not wanted), BOOL)))
    for test in tests:
        if not isinstance(test, Scalar):
            return Poison()
        following = builder.block()
        builder.branch(test.operand, *((decided, following) if wanted else (following, decided)))
        builder.enter(following)
    builder.jump(join)
    builder.enter(decided)
    builder.emit(StoreLocal(result, Number(int(wanted), BOOL)))
    builder.jump(join)
    builder.enter(join)
    register = builder.register_bool()
    builder.emit(LoadLocal(register, result))
    return scalar(register)


def _is_flags(checker: Checker, value: Scalar) -> bool:
    python_class = checker.module.types.python_class(value.type)
    return python_class is not None and issubclass(python_class, Flags)


def membership(
    checker: Checker, node: ast.Compare, operator: ast.cmpop, left: Value, right: Value | Between
) -> Value:
    """`left in right` and `left not in right`."""
    span = checker.span(node)
    value: Value
    if isinstance(left, Poison) or isinstance(right, Poison):
        return Poison()
    if isinstance(right, Between):
        after = operators.compare(checker, ast.LtE(), right.low, left, span)
        before = operators.compare(checker, ast.Lt(), left, right.end, span)
        value = _all_of(checker, (after, before), wanted=False)
    elif isinstance(right, Scalar) and _is_flags(checker, right):
        # All bits of the left side, which must be of the same enumeration.
        fitted = checker.fit(left, right.type, span, literal=False)
        both = operators.binary(checker, ast.BitAnd(), right, fitted, span)
        value = operators.compare(checker, ast.Eq(), both, fitted, span)
    elif isinstance(right, Several):
        equal = [operators.compare(checker, ast.Eq(), left, each, span) for each in right.values]
        value = _all_of(checker, equal, wanted=True)
    elif isinstance(right, Static) and is_bloom_filter(right.value):
        value = queues.contains(checker, right.value, left, checker.span(node.left))
    elif isinstance(right, Static) and isinstance(right.value, Map) and right.value.key_type is not None:
        value = maps.contains(checker, right.value, left, checker.span(node.left))
    elif isinstance(right, Reference) and right.type.space is Space.MAP:
        return checker.present(right, checker.span(node))
    else:
        is_array = isinstance(right, Reference) and isinstance(right.type.pointee, ArrayType)
        help_text = "write `any(x == y for y in array)`" if is_array else "it is for maps, tuples and ranges"
        return checker.report(findings.unsupported_operator(span, "in", str(right), help_text))
    if isinstance(operator, ast.NotIn) and isinstance(value, Scalar):
        return scalar(checker.compare("eq", value, scalar(Number(0, BOOL))))
    return value
