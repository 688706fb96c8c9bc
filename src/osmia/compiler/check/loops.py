"""Loops: `while`, `for`, and what stands behind their last turn."""

from __future__ import annotations

import ast
from collections.abc import Callable

from osmia.compiler import findings
from osmia.compiler.check import assignments, reservations
from osmia.compiler.check.conditions import condition
from osmia.compiler.check.context import Checker, number
from osmia.compiler.check.expressions import expression
from osmia.compiler.check.frames import Flow, Loop, Variable, merge
from osmia.compiler.check.iteration import Turns, entries_of, turns_of
from osmia.compiler.check.names import assigned_names, parts, target_names
from osmia.compiler.check.values import PlainInt, Poison, Scalar, scalar
from osmia.compiler.ir.functions import CountedLoop
from osmia.compiler.ir.operands import Local, Number
from osmia.compiler.ir.ops import Argument, Binary, Block, CompareOperator, LoadLocal, StoreLocal
from osmia.compiler.ir.types import I64, PointerType, Space
from osmia.dataclass import replace

Statements = Callable[[Checker, list[ast.stmt]], "Flow | None"]


def while_loop(checker: Checker, node: ast.While, statements: Statements) -> None:
    """`while test:`, with its `else`."""
    builder = checker.builder
    head, body, after = builder.block(), builder.block(), builder.block()
    ended = builder.block() if node.orelse else after
    reached = checker.state is not None
    builder.jump(head)
    builder.enter(head)
    changed = frozenset(assigned_names([node]))
    checker.state = _at_head(checker, changed)
    loop = Loop(after, head, changed, _assumed(checker, changed), checker.state)
    # The test is part of each turn.
    checker.frame.loops.append(loop)
    true_state, false_state = condition(checker, node.test, body, ended, expression)
    builder.enter(body)
    checker.state = true_state
    statements(checker, node.body)
    reservations.turn_ends(checker, loop.head, node.body[-1])
    builder.jump(head)
    checker.frame.loops.pop()
    stuck = false_state is None or _never_changes(node.test, changed)
    if reached and stuck and true_state is not None and not loop.breaks and not _returns(node.body):
        checker.report(findings.unbounded_loop(checker.span(node.test)))
    checker.state = false_state
    _orelse(checker, node, ended, statements)
    builder.jump(after)
    builder.enter(after)
    checker.state = merge((checker.state, *loop.breaks))


def _never_changes(test: ast.expr, changed: frozenset[str]) -> bool:
    """Whether a test gives the same in each turn: it has only numbers, and names that no turn sets."""
    inner = list(ast.walk(test))
    plain = ast.Name | ast.Constant | ast.Compare | ast.BoolOp | ast.UnaryOp | ast.BinOp
    known = all(isinstance(part, plain) for part in inner if isinstance(part, ast.expr))
    return known and changed.isdisjoint(part.id for part in inner if isinstance(part, ast.Name))


def _returns(body: list[ast.stmt]) -> bool:
    return any(isinstance(inner, ast.Return) for statement in body for inner in ast.walk(statement))


def for_loop(checker: Checker, node: ast.For, statements: Statements) -> None:
    """`for target in …:`, with its `else`."""
    changed = frozenset(assigned_names([node]))
    turns = None
    if names_only(checker, node.target):
        turns = entries_of(checker, node.iter, expression) or turns_of(checker, node.iter, expression)
    if turns is None or not _own_array(checker, turns, changed, node.iter):
        _give_up(checker, changed)
        return
    builder = checker.builder
    after = builder.block()
    ended = builder.block() if node.orelse else after

    def body() -> None:
        statements(checker, node.body)
        reservations.turn_ends(checker, checker.frame.loops[-1].head, node.body[-1])

    loop, before = run(checker, turns, node.target, node, changed, (after, ended), body)
    checker.state = before
    _orelse(checker, node, ended, statements)
    builder.jump(after)
    builder.enter(after)
    checker.state = merge((checker.state, *loop.breaks))


def run(
    checker: Checker,
    turns: Turns,
    target: ast.expr,
    node: ast.expr | ast.stmt,
    changed: frozenset[str],
    ways: tuple[Block, Block],
    body: Callable[[], object],
) -> tuple[Loop, Flow | None]:
    """The turns of a loop; `ways` lead out of it: by `break`, and behind the last turn.

    Gives the loop, and what is known behind its last turn.
    """
    builder = checker.builder
    names = target_names(target)
    index = builder.local(names[0] if len(names) == 1 else "turn", I64)
    location = builder.location
    if turns.call is None:
        builder.emit(StoreLocal(index, turns.start.operand))
    head, inside, advance = builder.block(), builder.block(), builder.block()
    after, ended = ways
    builder.jump(head)
    builder.enter(head)
    checker.state = _at_head(checker, changed)
    relation: CompareOperator = "lt" if turns.step > 0 else "gt"
    for position, end in enumerate(turns.ends):
        following = inside if position == len(turns.ends) - 1 else builder.block()
        limit = Scalar(end.operand, end.low, end.high)
        builder.branch(checker.compare(relation, _load(checker, index), limit), following, ended)
        builder.enter(following)
    if not turns.ends:
        # Never null; but what stands behind the loop is reached from here.
        place = builder.register(PointerType(None, Space.MAP_VALUE))
        builder.emit(Argument(place, 2))
        builder.branch(checker.is_null(place).operand, ended, inside)
        builder.enter(inside)
    before = checker.state
    loop = Loop(after, advance, changed, _assumed(checker, changed), before, frozenset(names))
    checker.frame.loops.append(loop)
    count = PlainInt(_load(checker, index).operand, *turns.span) if turns.ends else number(0)
    item = turns.item(count)
    assignments.assign(checker, target, item, target)
    body()
    builder.jump(advance)
    builder.enter(advance)
    checker.at(node)
    moved = builder.register(I64)
    builder.emit(Binary(moved, "add", _load(checker, index).operand, Number(turns.step, I64)))
    builder.emit(StoreLocal(index, moved))
    builder.jump(head)
    checker.frame.loops.pop()
    if turns.call is not None:
        here = (head.index, len(builder.blocks), advance.index, ended.index)
        builder.loops.append(CountedLoop(*here, index if turns.ends else None, turns.call, location))
    return loop, before


def _load(checker: Checker, index: Local) -> Scalar:
    register = checker.builder.register(I64)
    checker.builder.emit(LoadLocal(register, index))
    return scalar(register)


def _orelse(checker: Checker, node: ast.For | ast.While, ended: Block, statements: Statements) -> None:
    if node.orelse:
        checker.builder.enter(ended)
        statements(checker, node.orelse)


def _at_head(checker: Checker, changed: frozenset[str]) -> Flow | None:
    """What is known at the head of a loop: not that a name is present which a turn may set to None."""
    state = checker.state
    if state is None:
        return None
    function = checker.frame.source.function
    absent = {name for name in changed if (function, name) in checker.module.may_be_none}
    # What a turn leaves in a variable for the next one is not followed: there it counts as unset.
    stale = {name for name, _ in state.holds} & changed
    return replace(state, assigned=state.assigned - stale, present=state.present - absent)


def _assumed(checker: Checker, changed: frozenset[str]) -> frozenset[str]:
    state = checker.state
    return frozenset() if state is None else state.present & changed


def names_only(checker: Checker, target: ast.expr) -> bool:
    """Whether a target is made of names that no loop around it sets."""
    for part in parts(target):
        if not isinstance(part, ast.Name):
            what, reason = "this target of a loop", "each turn sets names"
            help_text = "take a name, and set the rest in the loop"
            checker.report(findings.refused_syntax(checker.span(part), what, reason, help_text))
            return False
        if any(part.id in loop.targets for loop in checker.frame.loops):
            checker.report(findings.rebound(checker.span(part), part.id, "the index of an outer loop"))
            return False
    return True


def _own_array(checker: Checker, turns: Turns, changed: frozenset[str], node: ast.expr) -> bool:
    """Whether the arrays that are gone over stay what they are; a new one may take an old one's memory."""
    for name in sorted(turns.roots & changed):
        checker.report(findings.loop_changes_array(checker.span(node), name))
        return False
    return True


def _give_up(checker: Checker, names: frozenset[str]) -> None:
    """Let nothing that a loop sets be reported as unset when the loop itself was refused."""
    for name in names:
        checker.frame.variables.setdefault(name, Variable(None, Poison()))
    if checker.state is not None:
        checker.state = replace(checker.state, assigned=checker.state.assigned | names)
