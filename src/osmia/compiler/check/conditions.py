"""Conditions: jumps to one block or another, and what is known in each."""

from __future__ import annotations

import ast
from collections.abc import Callable

from osmia.compiler import findings
from osmia.compiler.check import operators
from osmia.compiler.check.context import Checker
from osmia.compiler.check.frames import Flow, merge
from osmia.compiler.check.membership import Between, membership, right_side
from osmia.compiler.check.reservations import without
from osmia.compiler.check.values import (
    Absent,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Value,
    scalar,
)
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import Block, LoadLocal, StoreLocal
from osmia.compiler.ir.types import BOOL, I64, IntegerType, Space
from osmia.dataclass import replace

Evaluate = Callable[[Checker, ast.expr], Value]
Outcome = tuple[Flow | None, Flow | None]


def is_condition(node: ast.expr) -> bool:
    """Whether an expression is a bool made of jumps."""
    return isinstance(node, ast.BoolOp | ast.Compare) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )


def condition(
    checker: Checker,
    node: ast.expr,
    then: Block,
    otherwise: Block,
    evaluate: Evaluate,
    *,
    exact: bool = False,
) -> Outcome:
    """Jump to `then` or `otherwise`; the result is what is known on each way.

    With `exact` the value itself is wanted, not only its truth: Python's `and` and `or` give one of
    their operands, so these must be bools.
    """
    checker.at(node)
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            true_state, false_state = condition(checker, operand, otherwise, then, evaluate)
            return false_state, true_state
        case ast.BoolOp(op=operator, values=values):
            both = isinstance(operator, ast.And)
            return _chain(checker, both, values, then, otherwise, evaluate, exact=exact)
        case ast.Compare():
            return _comparison(checker, node, then, otherwise, evaluate)
        case _:
            value = evaluate(checker, node)
            if (
                exact
                and not isinstance(value, Poison)
                and not (isinstance(value, Scalar) and value.type == BOOL)
            ):
                checker.report(findings.operand_of_and(checker.span(node), str(value)))
                value = Poison()
            return _truth(checker, node, value, then, otherwise)


def materialise(checker: Checker, node: ast.expr, evaluate: Evaluate) -> Value:
    """A condition as a bool value."""
    builder = checker.builder
    result, null_tests = builder.local("truth", BOOL), builder.null_tests
    then, otherwise, join = builder.block(), builder.block(), builder.block()
    states = condition(checker, node, then, otherwise, evaluate, exact=True)
    for block, truth in ((then, 1), (otherwise, 0)):
        builder.enter(block)
        builder.emit(StoreLocal(result, Number(truth, BOOL)))
        builder.jump(join)
    builder.enter(join)
    checker.state = merge(states)
    register = builder.register_bool()
    builder.emit(LoadLocal(register, result))
    return checker.opaque_bool(register) if builder.null_tests > null_tests else scalar(register)


def _chain(
    checker: Checker,
    is_and: bool,
    values: list[ast.expr],
    then: Block,
    otherwise: Block,
    evaluate: Evaluate,
    *,
    exact: bool,
) -> Outcome:
    """`and` and `or`: the right side is looked at only where the left side leaves it open."""
    early: list[Flow | None] = []
    for value in values[:-1]:
        following = checker.builder.block()
        if is_and:
            go_on, leave = condition(checker, value, following, otherwise, evaluate, exact=exact)
        else:
            leave, go_on = condition(checker, value, then, following, evaluate, exact=exact)
        early.append(leave)
        checker.builder.enter(following)
        checker.state = go_on
    true_state, false_state = condition(checker, values[-1], then, otherwise, evaluate, exact=exact)
    if is_and:
        return true_state, merge([*early, false_state])
    return merge([*early, true_state]), false_state


def _comparison(
    checker: Checker, node: ast.Compare, then: Block, otherwise: Block, evaluate: Evaluate
) -> Outcome:
    """One comparison or a chain of them, each operand looked at once."""
    left_node, left = node.left, evaluate(checker, node.left)
    early: list[Flow | None] = []
    for position, (operator, right_node) in enumerate(zip(node.ops, node.comparators, strict=True)):
        last = position == len(node.ops) - 1
        following = then if last else checker.builder.block()
        if isinstance(operator, ast.Is | ast.IsNot):
            return _identity(checker, node, operator, left_node, left, right_node, then, otherwise, evaluate)
        right = right_side(checker, operator, right_node, evaluate)
        checker.at(node)
        value: Value
        if isinstance(operator, ast.In | ast.NotIn):
            value = membership(checker, node, operator, left, right)
        elif isinstance(right, Between):
            raise AssertionError("a range stands behind `in` only")
        else:
            value = operators.compare(checker, operator, left, right, checker.span(node))
        true_state, false_state = _truth(checker, node, value, following, otherwise)
        if last:
            return true_state, merge([*early, false_state])
        early.append(false_state)
        checker.builder.enter(following)
        checker.state = true_state
        left_node, left = right_node, Poison() if isinstance(right, Between) else right
    raise AssertionError("a comparison has at least one operator")


def _identity(
    checker: Checker,
    node: ast.Compare,
    operator: ast.cmpop,
    left_node: ast.expr,
    left: Value,
    right_node: ast.expr,
    then: Block,
    otherwise: Block,
    evaluate: Evaluate,
) -> Outcome:
    """`x is None` and `x is not None`."""
    span = checker.span(node)
    right = evaluate(checker, right_node)
    state = checker.state
    if not isinstance(right, Absent) or len(node.ops) != 1:
        help_text = "compare with `==`, or write `is None`"
        checker.report(findings.unsupported_operator(span, "is", str(right), help_text))
        checker.builder.jump(then)
        return state, state
    if isinstance(operator, ast.IsNot):
        then, otherwise = otherwise, then
    if isinstance(left, Reference) and left.type.nullable:
        checker.builder.branch(checker.is_null(left.operand).operand, then, otherwise)
        absent, present = without(state, left), _with_present(state, left_node)
    else:
        if not isinstance(left, Poison) and state is not None:
            text = f"`{left_node.id}`" if isinstance(left_node, ast.Name) else "this"
            checker.report(findings.never_none(span, text))
        checker.builder.jump(otherwise)
        absent, present = state, state
    return (present, absent) if isinstance(operator, ast.IsNot) else (absent, present)


def _with_present(state: Flow | None, node: ast.expr) -> Flow | None:
    target = node.target if isinstance(node, ast.NamedExpr) else node
    if state is None or not isinstance(target, ast.Name):
        return state
    return replace(state, present=state.present | {target.id})


def _truth(checker: Checker, node: ast.expr, value: Value, then: Block, otherwise: Block) -> Outcome:
    """A value as a condition: Python's truth."""
    state, builder = checker.state, checker.builder
    if isinstance(value, Reference) and value.type.space in (Space.KERNEL, Space.BTF):
        builder.branch(checker.is_null(value.operand).operand, otherwise, then)
        return state, state
    if isinstance(value, Reference) and value.type.nullable:
        builder.branch(checker.is_null(value.operand).operand, otherwise, then)
        return _with_present(state, node), without(state, value)
    if isinstance(value, PlainInt):
        value = Scalar(value.operand, value.low, value.high)
        if value.type != I64 and isinstance(value.operand, Number):
            value = scalar(Number(1, BOOL))
    if isinstance(value, Scalar):
        if isinstance(value.operand, Number):
            taken = value.operand.value != 0
            builder.jump(then if taken else otherwise)
            return (state, None) if taken else (None, state)
        kind = value.type
        is_number = isinstance(kind, IntegerType)
        truth = checker.compare("ne", value, scalar(Number(0, kind))) if is_number else value.operand
        builder.branch(truth, then, otherwise)
        return state, state
    if not isinstance(value, Poison):
        checker.report(findings.type_mismatch(checker.span(node), "bool", str(value)))
    builder.jump(then)
    return state, state
