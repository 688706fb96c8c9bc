"""Python's own functions over numbers and arrays: `abs`, `all`, `any`, `len`, `max`, `min`, `sum`.

A generator expression given to one of them is a loop; nothing is built in memory.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from osmia.compiler import findings
from osmia.compiler.check import kernel_enums, loops, operators
from osmia.compiler.check.conditions import condition
from osmia.compiler.check.context import Checker, number
from osmia.compiler.check.expressions import expression
from osmia.compiler.check.iteration import Turns, turns_of
from osmia.compiler.check.names import target_names
from osmia.compiler.check.values import (
    Cursor,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Several,
    Value,
    limits,
    scalar,
)
from osmia.compiler.ir.operands import Local, Number, Operand
from osmia.compiler.ir.ops import Block, LoadLocal, StoreLocal
from osmia.compiler.ir.types import BOOL, I64, ArrayType, BoolType, IntegerType
from osmia.dataclass import dataclass, field
from osmia.diagnostics import Span
from osmia.lang import kernel_enums as lang

_ITEM = ".item"
"""The name of an array's element where the program gives it none; no program can write it."""


def _arguments(checker: Checker, node: ast.Call, name: str, counts: range, expected: str) -> list[ast.expr]:
    """The arguments as they are written; none where their number is wrong, which is reported."""
    if node.keywords or len(node.args) not in counts:
        checker.report(findings.wrong_arguments(checker.span(node), name, expected))
        return []
    return node.args


def _len(checker: Checker, node: ast.Call) -> Value:
    for argument in _arguments(checker, node, "len", range(1, 2), "one array"):
        value = expression(checker, argument)
        if isinstance(value, Poison):
            return value
        if isinstance(value, Reference) and value.type.nullable:
            return checker.report(findings.unchecked_lookup(checker.span(argument), "this", value.origin))
        if isinstance(value, Reference) and isinstance(value.type.pointee, ArrayType):
            return number(value.type.pointee.length)
        if isinstance(value, Several):
            return number(len(value.values))
        help_text = "a packet's length is `ctx.length`" if isinstance(value, Cursor) else ""
        return checker.report(
            findings.type_mismatch(checker.span(argument), "an array", str(value), help_text)
        )
    return Poison()


def _abs(checker: Checker, node: ast.Call) -> Value:
    """Of the least number it is that number again, as its opposite does not fit."""
    for argument in _arguments(checker, node, "abs", range(1, 2), "one number"):
        value, span = expression(checker, argument), checker.span(node)
        checker.at(node)
        native = (
            isinstance(value, Scalar) and isinstance(value.type, IntegerType) and not value.type.big_endian
        )
        if isinstance(value, Poison):
            return value
        if not isinstance(value, PlainInt) and not native:
            return checker.report(findings.unsupported_operator(span, "abs", str(value)))
        assert isinstance(value, Scalar | PlainInt)
        if value.low >= 0:
            return value
        least, most = limits(value.operand.type) if isinstance(value.operand.type, IntegerType) else (0, 0)
        given = Scalar(value.operand, value.low, value.high)
        zero = scalar(Number(0, given.type))
        opposite = operators.binary(checker, ast.Sub(), zero, given, span)
        negative = operators.compare(checker, ast.Lt(), given, zero, span)
        assert isinstance(opposite, Scalar)
        assert isinstance(negative, Scalar)
        chosen = _choose(checker, negative.operand, given.operand, opposite.operand)
        high = max(abs(value.low), abs(value.high))
        low = 0 if high <= most else least
        if isinstance(value, PlainInt):
            return PlainInt(chosen, low, high)
        return Scalar(chosen, low, min(high, most))
    return Poison()


def _choose(checker: Checker, test: Operand, first: Operand, second: Operand) -> Operand:
    """The second where the test holds, else the first."""
    builder = checker.builder
    chosen = builder.local("choice", first.type)
    builder.emit(StoreLocal(chosen, first))
    then, join = builder.block(), builder.block()
    builder.branch(test, then, join)
    builder.enter(then)
    builder.emit(StoreLocal(chosen, second))
    builder.jump(join)
    builder.enter(join)
    return _load(checker, chosen)


def _load(checker: Checker, local: Local) -> Operand:
    register = checker.builder.register(local.type)
    checker.builder.emit(LoadLocal(register, local))
    return register


def _extreme(checker: Checker, node: ast.Call, name: str) -> Value:
    """`min` and `max`, of two or more numbers of one type or of the elements of an array."""
    given = _arguments(checker, node, name, range(1, 1000), "numbers of one type, or an array")
    operator = ast.Lt() if name == "min" else ast.Gt()
    if len(given) == 1:
        return _extreme_of_items(checker, node, given[0], name, operator)
    values = [expression(checker, argument) for argument in given]
    checker.at(node)
    best: Value = Poison()
    for position, (value, argument) in enumerate(zip(values, given, strict=True)):
        best = (
            value if position == 0 else _better(checker, name, operator, best, value, checker.span(argument))
        )
        if not isinstance(best, Scalar | PlainInt):
            if not isinstance(best, Poison):
                checker.report(findings.unsupported_operator(checker.span(argument), name, str(best)))
            return Poison()
    return best


def _better(checker: Checker, name: str, operator: ast.cmpop, best: Value, value: Value, span: Span) -> Value:
    if isinstance(value, PlainInt) and isinstance(best, Scalar):
        value = checker.fit(value, best.type, span, literal=False)
    elif isinstance(best, PlainInt) and isinstance(value, Scalar):
        best = checker.fit(best, value.type, span, literal=False)
    elif isinstance(best, Scalar) and isinstance(value, Scalar) and best.type != value.type:
        return checker.report(findings.mixed_types(span, str(best), str(value)))
    if isinstance(best, Poison) or not isinstance(value, Scalar | PlainInt):
        return Poison() if isinstance(best, Poison) else value
    test = operators.compare(checker, operator, value, best, span)
    if not isinstance(test, Scalar):
        return Poison()
    assert isinstance(best, Scalar | PlainInt)
    if isinstance(test.operand, Number):
        return value if test.operand.value else best
    operand = _choose(checker, test.operand, best.operand, value.operand)
    least = min if name == "min" else max
    low, high = least(best.low, value.low), least(best.high, value.high)
    return PlainInt(operand, low, high) if isinstance(best, PlainInt) else Scalar(operand, low, high)


def _extreme_of_items(
    checker: Checker, node: ast.Call, source: ast.expr, name: str, operator: ast.cmpop
) -> Value:
    span = checker.span(node)
    total = _Running(checker)

    def turn(value: Value) -> None:
        if isinstance(value, PlainInt):
            value = Scalar(value.operand, value.low, value.high)
        if not isinstance(value, Scalar):
            if not isinstance(value, Poison):
                checker.report(findings.unsupported_operator(span, name, str(value)))
            return
        low, high = limits(value.type)
        before = total.current(value.type, high if name == "min" else low)
        best = _better(checker, name, operator, before, value, span)
        if isinstance(best, Scalar):
            total.set(best.operand)

    made = total.over(source, turn)
    if made is None or total.local is None:
        return Poison()
    if not made.surely:
        return checker.report(findings.empty_items(span, name))
    first = made.items[0]
    operand = _load(checker, total.local)
    if isinstance(first, PlainInt):
        return PlainInt(operand, first.low, first.high)
    return scalar(operand)


@dataclass
class _Items:
    """What the turns of a loop gave while it was checked."""

    surely: bool = True
    """Whether there is at least one."""
    most: int = 1
    """No more than this."""
    items: list[Value] = field(default_factory=list[Value])


class _Running:
    """A number that a loop changes; its type shows at the first item."""

    def __init__(self, checker: Checker) -> None:
        self.local: Local | None = None
        self._checker = checker
        self._before = checker.builder.block()
        self._start: Operand | None = None

    def begin(self, start: Operand) -> None:
        """Start from this."""
        self.local, self._start = self._checker.builder.local("total", start.type), start

    def current(self, kind: IntegerType | BoolType, start: int) -> Scalar:
        """The number so far."""
        if self.local is None:
            self.begin(Number(start, kind))
        assert self.local is not None
        return scalar(_load(self._checker, self.local))

    def set(self, value: Operand) -> None:
        """Set it in this turn."""
        if self.local is not None and self.local.type == value.type:
            self._checker.builder.emit(StoreLocal(self.local, value))

    def over(self, source: ast.expr, turn: Callable[[Value], None]) -> _Items | None:
        """Run the loop; None where it was reported."""
        checker, builder = self._checker, self._checker.builder
        generator, inside, after = _as_generator(source), builder.block(), builder.block()
        builder.jump(self._before)
        builder.enter(inside)
        found = _Items()

        def body() -> None:
            value = expression(checker, generator.elt)
            found.items.append(value)
            turn(value)

        done = _loop(checker, generator, after, body, found)
        builder.enter(self._before)
        if self.local is not None and self._start is not None:
            builder.emit(StoreLocal(self.local, self._start))
        builder.jump(inside)
        builder.enter(after)
        return found if done else None


def _sum(checker: Checker, node: ast.Call) -> Value:
    given = _arguments(checker, node, "sum", range(1, 3), "what to add, and at most what to begin with")
    if not given:
        return Poison()
    span, total = checker.span(node), _Running(checker)
    start = expression(checker, given[1]) if len(given) == 2 else number(0)
    if not isinstance(start, Scalar | PlainInt):
        if not isinstance(start, Poison):
            checker.report(findings.type_mismatch(checker.span(given[1]), "an integer", str(start)))
        return Poison()
    if len(given) == 2:
        total.begin(start.operand)

    def turn(value: Value) -> None:
        if isinstance(value, PlainInt | Scalar) and (isinstance(value, PlainInt) or value.type == BOOL):
            value = Scalar(checker.convert(value, I64).operand, value.low, value.high)
        if isinstance(value, Poison):
            return
        kind = value.type if isinstance(value, Scalar) else I64
        before = total.current(kind, 0)
        if isinstance(start, PlainInt) and len(given) == 2 and kind != I64:
            checker.report(findings.mixed_types(span, str(start), str(value)))
            return
        added = operators.binary(checker, ast.Add(), before, value, span)
        if isinstance(added, Scalar):
            total.set(added.operand)

    made = total.over(given[0], turn)
    if made is None or total.local is None:
        return Poison()
    return _summed(checker, made, total.local, start, span)


def _summed(checker: Checker, made: _Items, local: Local, start: Scalar | PlainInt, span: Span) -> Value:
    item = made.items[0]
    operand = _load(checker, local)
    if isinstance(item, PlainInt) or (isinstance(item, Scalar) and item.type == BOOL):
        low = start.low + min(item.low, 0) * made.most
        high = start.high + max(item.high, 0) * made.most
        if isinstance(start, Scalar):
            return scalar(operand) if start.type != I64 else Scalar(operand, *limits(I64))
        if low < limits(I64)[0] or high > limits(I64)[1]:
            return checker.report(findings.plain_int_operator(span, "sum"))
        return PlainInt(operand, low, high)
    if isinstance(start, PlainInt) and not made.surely:
        return checker.report(findings.empty_sum(span, str(item)))
    return scalar(operand)


def _decide(checker: Checker, node: ast.Call, name: str) -> Value:
    """`any` and `all`: the first item that decides ends the loop."""
    builder, wanted = checker.builder, name == "any"
    given = _arguments(checker, node, name, range(1, 2), "an array, or `… for x in …`")
    if given:
        generator, after = _as_generator(given[0]), builder.block()
        result, null_tests = builder.local(name, BOOL), builder.null_tests
        builder.emit(StoreLocal(result, Number(int(not wanted), BOOL)))

        def body() -> None:
            decided, step = builder.block(), checker.frame.loops[-1].step
            ways = (decided, step) if wanted else (step, decided)
            condition(checker, generator.elt, *ways, expression)
            builder.enter(decided)
            builder.emit(StoreLocal(result, Number(int(wanted), BOOL)))
            builder.jump(after)

        if not _loop(checker, generator, after, body, _Items()):
            return Poison()
        builder.enter(after)
        truth = _load(checker, result)
        return checker.opaque_bool(truth) if builder.null_tests > null_tests else scalar(truth)
    return Poison()


def _as_generator(source: ast.expr) -> ast.GeneratorExp:
    """`item for item in source`, where it is not written so."""
    if isinstance(source, ast.GeneratorExp):
        return source
    target = ast.copy_location(ast.Name(_ITEM, ast.Store()), source)
    element = ast.copy_location(ast.Name(_ITEM, ast.Load()), source)
    clause = ast.comprehension(target=target, iter=source, ifs=[], is_async=0)
    return ast.copy_location(ast.GeneratorExp(elt=element, generators=[clause]), source)


def _loop(
    checker: Checker,
    generator: ast.GeneratorExp,
    after: Block,
    body: Callable[[], None],
    found: _Items,
) -> bool:
    """The loops of a generator expression; its names are its own. False where they were reported."""
    walrus = next((node for node in ast.walk(generator) if isinstance(node, ast.NamedExpr)), None)
    if walrus or any(clause.is_async for clause in generator.generators):
        finding = findings.refused_syntax(
            checker.span(walrus or generator),
            "`:=` in a generator" if walrus else "`async for`",
            "its turns are no statements",
            "write a `for` loop",
        )
        checker.report(finding)
        return False
    state = checker.state
    turns = turns_of(checker, generator.generators[0].iter, expression)
    if turns is None:
        return False
    names = [name for clause in generator.generators for name in target_names(clause.target)]
    with _own_names(checker, names):
        done = _clauses(checker, generator, 0, turns, after, body, found)
    checker.state = state
    return done


def _clauses(
    checker: Checker,
    generator: ast.GeneratorExp,
    position: int,
    turns: Turns,
    after: Block,
    body: Callable[[], None],
    found: _Items,
) -> bool:
    clause, builder = generator.generators[position], checker.builder
    found.most *= turns.most
    found.surely = found.surely and turns.some and not clause.ifs
    done = True

    def turn() -> None:
        nonlocal done
        for test in clause.ifs:
            then, step = builder.block(), checker.frame.loops[-1].step
            checker.state, _ = condition(checker, test, then, step, expression)
            builder.enter(then)
        if position == len(generator.generators) - 1:
            body()
            return
        inner = turns_of(checker, generator.generators[position + 1].iter, expression)
        done = inner is not None and _clauses(checker, generator, position + 1, inner, after, body, found)

    # The last turn of an inner loop goes on with the outer one.
    ended = after if position == 0 else checker.frame.loops[-1].step
    names = frozenset(target_names(clause.target))
    if not loops.names_only(checker, clause.target):
        return False
    loops.run(checker, turns, clause.target, generator, names, (after, ended), turn)
    return done


@contextmanager
def _own_names(checker: Checker, names: list[str]) -> Generator[None]:
    """The names of a generator expression, in place of the function's own of that name."""
    frame = checker.frame
    variables, assignments, aliased = frame.variables, frame.assignments, frame.aliased
    frame.variables = {name: each for name, each in variables.items() if name not in names}
    frame.assignments = assignments | dict.fromkeys(names, 1)
    frame.aliased = aliased - frozenset(names)
    try:
        yield
    finally:
        frame.variables, frame.assignments, frame.aliased = variables, assignments, aliased


BUILTINS: Mapping[object, Callable[[Checker, ast.Call], Value]] = {
    builtins.abs: _abs,
    builtins.all: lambda checker, node: _decide(checker, node, "all"),
    builtins.any: lambda checker, node: _decide(checker, node, "any"),
    builtins.len: _len,
    builtins.max: lambda checker, node: _extreme(checker, node, "max"),
    builtins.min: lambda checker, node: _extreme(checker, node, "min"),
    builtins.sum: _sum,
    lang.enum_value: kernel_enums.enum_value,
    lang.enum_value_exists: kernel_enums.enum_value_exists,
}
