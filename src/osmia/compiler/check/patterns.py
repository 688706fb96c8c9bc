"""`match`: patterns as chains of comparisons, with what each tells about the subject."""

from __future__ import annotations

import ast
from collections.abc import Callable

from osmia.compiler import findings
from osmia.compiler.check import assignments, operators
from osmia.compiler.check.conditions import condition
from osmia.compiler.check.context import Checker
from osmia.compiler.check.expressions import expression, name, place_attribute
from osmia.compiler.check.frames import Flow, Variable, merge
from osmia.compiler.check.names import assigned_names, pattern_names
from osmia.compiler.check.values import (
    Absent,
    Poison,
    Reference,
    Scalar,
    Static,
    Value,
)
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import Block
from osmia.compiler.ir.types import StructType
from osmia.diagnostics import Span

Statements = Callable[[Checker, list[ast.stmt]], "Flow | None"]


def match_statement(checker: Checker, node: ast.Match, statements: Statements) -> None:
    """`match subject:`: the first case whose pattern and guard hold; none of them is no error."""
    builder = checker.builder
    subject = expression(checker, node.subject)
    written = _written(checker, node.subject, subject)
    join, after = builder.block(), list[Flow | None]()
    failed: Flow | None = checker.state
    reached = failed is not None
    for case in node.cases:
        if reached and failed is None:
            checker.report(findings.unreachable_case(_span(checker, case.pattern)))
            _give_up(checker, case)
            break
        body, following = builder.block(), builder.block()
        checker.state = failed
        tested, failed = _pattern(checker, case.pattern, subject, written, (body, following))
        builder.enter(body)
        checker.state = tested
        if case.guard is not None:
            inside = builder.block()
            checker.state, refused = condition(checker, case.guard, inside, following, expression)
            builder.enter(inside)
            failed = merge((failed, refused))
        statements(checker, case.body)
        builder.jump(join)
        after.append(checker.state)
        if case.guard is None and isinstance(subject, Reference) and _takes_all(case.pattern):
            subject = Absent()
        builder.enter(following)
        checker.at(node)
    builder.jump(join)
    builder.enter(join)
    checker.state = merge((failed, *after))


def _takes_all(pattern: ast.pattern) -> bool:
    """Whether a pattern of a struct takes each that is not None."""
    match pattern:
        case ast.MatchClass(kwd_patterns=fields):
            return all(isinstance(field, ast.MatchAs) and field.pattern is None for field in fields)
        case ast.MatchAs(pattern=inner):
            return inner is not None and _takes_all(inner)
        case ast.MatchOr(patterns=patterns):
            return any(_takes_all(each) for each in patterns)
        case _:
            return False


def _written(checker: Checker, node: ast.expr, subject: Value) -> ast.Name:
    """The name of the subject; one that no program can write where it has none and may be None."""
    if isinstance(node, ast.NamedExpr):
        return node.target
    if isinstance(node, ast.Name):
        return node
    hidden = ast.copy_location(ast.Name(f".subject of line {node.lineno}", ast.Store()), node)
    if isinstance(subject, Reference) and subject.type.nullable:
        assignments.bind(checker, hidden, subject)
    return hidden


def _span(checker: Checker, pattern: ast.pattern) -> Span:
    return checker.frame.source.source_map.span(pattern)


def _give_up(checker: Checker, case: ast.match_case) -> None:
    for given in (*assigned_names(case.body), *pattern_names(case.pattern)):
        checker.frame.variables.setdefault(given, Variable(None, Poison()))


Ways = tuple[Block, Block]
Outcome = tuple["Flow | None", "Flow | None"]


def _pattern(
    checker: Checker, pattern: ast.pattern, subject: Value, node: ast.Name | None, ways: Ways
) -> Outcome:
    """Jump to the first of the ways if the pattern fits, else to the second; and what is known on each.

    `node` is how the subject is written, where it is a name whose None a pattern can rule out.
    """
    then, otherwise = ways
    state, builder = checker.state, checker.builder
    match pattern:
        case ast.MatchValue(value=value):
            return _value(checker, subject, value, ways)
        case ast.MatchSingleton(value=None):
            return _none(checker, pattern, subject, node, ways)
        case ast.MatchSingleton(value=truth):
            constant = ast.copy_location(ast.Constant(truth), pattern)
            return _value(checker, subject, constant, ways)
        case ast.MatchOr(patterns=patterns):
            return _either(checker, patterns, subject, node, ways)
        case ast.MatchAs(pattern=inner, name=given):
            tested, failed = state, None
            if inner is not None:
                inside = builder.block()
                tested, failed = _pattern(checker, inner, subject, node, (inside, otherwise))
                builder.enter(inside)
                checker.state = tested
            if given is not None:
                _capture(checker, pattern, given, subject, node)
            builder.jump(then)
            return checker.state, failed
        case ast.MatchClass():
            return _class(checker, pattern, subject, node, ways)
        case _:
            raise AssertionError(f"{type(pattern).__name__} is not refused and not compiled")


def _value(checker: Checker, subject: Value, node: ast.expr, ways: Ways) -> Outcome:
    """A number, or the dotted name of one: equal to the subject."""
    state, builder = checker.state, checker.builder
    value, span = expression(checker, node), checker.span(node)
    checker.at(node)
    if isinstance(subject, Reference) and not isinstance(value, Poison) and subject.type.nullable:
        value = checker.report(findings.unchecked_lookup(span, "the subject", subject.origin))
    result = operators.compare(checker, ast.Eq(), subject, value, span)
    if not isinstance(result, Scalar):
        builder.jump(ways[0])
        return state, state
    if isinstance(result.operand, Number):
        # The subject may be a constant here and another one elsewhere: no case is out of place for that.
        builder.jump(ways[0] if result.operand.value else ways[1])
        return state, state
    builder.branch(result.operand, *ways)
    return state, state


def _none(
    checker: Checker, pattern: ast.pattern, subject: Value, node: ast.Name | None, ways: Ways
) -> Outcome:
    state = checker.state
    if isinstance(subject, Absent):
        checker.builder.jump(ways[0])
        return state, None
    if isinstance(subject, Reference) and subject.type.nullable:
        checker.builder.branch(checker.is_null(subject.operand).operand, *ways)
        return state, _present(state, node)
    if not isinstance(subject, Poison):
        checker.report(findings.never_none(_span(checker, pattern), "the subject"))
    checker.builder.jump(ways[1])
    return state, state


def _present(state: Flow | None, node: ast.Name | None) -> Flow | None:
    if state is None or node is None:
        return state
    return Flow(state.assigned, state.present | {node.id})


def _either(
    checker: Checker, patterns: list[ast.pattern], subject: Value, node: ast.Name | None, ways: Ways
) -> Outcome:
    """`a | b`: each in turn; the names that they set are the same."""
    builder, fits = checker.builder, list[Flow | None]()
    failed: Flow | None = checker.state
    reached = failed is not None
    for position, each in enumerate(patterns):
        last = position == len(patterns) - 1
        following = ways[1] if last else builder.block()
        if reached and failed is None:
            checker.report(findings.unreachable_case(_span(checker, each)))
            break
        checker.state = failed
        tested, failed = _pattern(checker, each, subject, node, (ways[0], following))
        fits.append(tested)
        if not last:
            builder.enter(following)
    return merge(fits), failed


def _capture(
    checker: Checker, pattern: ast.pattern, given: str, subject: Value, node: ast.Name | None
) -> None:
    if node is not None and node.id == given:
        return
    target = ast.copy_location(ast.Name(given, ast.Store()), pattern)
    present = checker.state is not None and node is not None and node.id in checker.state.present
    if present and node is not None and isinstance(subject, Reference) and subject.type.nullable:
        subject = _present_subject(checker, node)
    if isinstance(subject, Static | Absent):
        subject = checker.report(
            findings.type_mismatch(_span(checker, pattern), "a number or a struct", str(subject))
        )
    assignments.bind(checker, target, subject)


def _class(
    checker: Checker, pattern: ast.MatchClass, subject: Value, node: ast.Name | None, ways: Ways
) -> Outcome:
    """`Header(field=pattern)`: a struct that is not None, each field in turn."""
    builder, span = checker.builder, _span(checker, pattern)
    named = expression(checker, pattern.cls)
    state = checker.state
    kind = checker.module.types.memory_type(named.value) if isinstance(named, Static) else None
    problem: Value | None = None
    if isinstance(subject, Poison) or isinstance(named, Poison):
        problem = Poison()
    elif not isinstance(kind, StructType) or pattern.patterns:
        what = f"this pattern of `{ast.unparse(pattern.cls)}`"
        reason, help_text = "structs are matched, by the names of their fields", "write `Header(field=…)`"
        problem = checker.report(findings.refused_syntax(span, what, reason, help_text))
    elif isinstance(subject, Absent):
        problem = checker.report(findings.unreachable_case(span))
    elif not isinstance(subject, Reference) or subject.type.pointee != kind:
        problem = checker.report(findings.type_mismatch(span, str(kind), str(subject)))
    if problem is not None or not isinstance(subject, Reference):
        builder.jump(ways[0])
        for given in pattern_names(pattern):
            checker.frame.variables.setdefault(given, Variable(None, Poison()))
        known = frozenset(pattern_names(pattern))
        return (None if state is None else Flow(state.assigned | known, state.present)), state
    failures: list[Flow | None] = []
    if subject.type.nullable:
        inside = builder.block()
        builder.branch(checker.is_null(subject.operand).operand, ways[1], inside)
        failures.append(state)
        builder.enter(inside)
        checker.state = _present(state, node)
        assert node is not None
        subject = _present_subject(checker, node)
    for field_name, inner in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
        inside = builder.block()
        value = _field(checker, subject, field_name, inner)
        checker.state, failed = _pattern(checker, inner, value, None, (inside, ways[1]))
        failures.append(failed)
        builder.enter(inside)
    builder.jump(ways[0])
    return checker.state, merge(failures)


def _present_subject(checker: Checker, node: ast.Name) -> Reference:
    value = name(checker, node)
    assert isinstance(value, Reference)
    return value


def _field(checker: Checker, subject: Reference, field_name: str, inner: ast.pattern) -> Value:
    owner = ast.copy_location(ast.Name("subject", ast.Load()), inner)
    node = ast.copy_location(ast.Attribute(owner, field_name, ast.Load()), inner)
    place = place_attribute(checker, subject, node)
    return checker.load(place) if isinstance(place, Reference) and not place.type.nullable else place
