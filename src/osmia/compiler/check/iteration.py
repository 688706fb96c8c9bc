"""What a loop goes over: ranges, arrays, `enumerate` and `zip`, as a counter and an item for each count."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from types import FunctionType

from osmia.compiler import findings
from osmia.compiler.check import operators
from osmia.compiler.check.conditions import Evaluate
from osmia.compiler.check.context import Checker, number
from osmia.compiler.check.elements import element
from osmia.compiler.check.tuple_items import choose, one_kind
from osmia.compiler.check.values import (
    Method,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Several,
    Static,
    Value,
    limits,
    scalar,
)
from osmia.compiler.ir.functions import TurnCall
from osmia.compiler.ir.operands import Number, Parameter
from osmia.compiler.ir.ops import Argument, LoadLocal, StoreLocal
from osmia.compiler.ir.types import I64, U32, ArrayType, IntegerType, PointerType, Space
from osmia.compiler.primitives import maps
from osmia.dataclass import dataclass, replace
from osmia.diagnostics import Span
from osmia.lang.loops import MOST_TURNS, loop
from osmia.lang.maps import Map

_FOR_EACH, _LOOP = 164, 181

Item = Callable[[PlainInt], Value]

_HELP = "loop over a `range`, an array, a tuple, `enumerate(…)` or `zip(…)`"


@dataclass(frozen=True)
class Turns:
    """A counter from `start` on, by `step`, while it is before each of `ends`; and the item of a count."""

    start: PlainInt
    ends: tuple[PlainInt, ...]
    step: int
    item: Item
    roots: frozenset[str] = frozenset()
    """The variables whose arrays are gone over."""
    call: TurnCall | None = None
    """The helper that shall make them (`osmia.loop`, `items()` of a map)."""

    @property
    def span(self) -> tuple[int, int]:
        """The least and the greatest count."""
        if self.step > 0:
            return self.start.low, min(end.high for end in self.ends) - 1
        return max(end.low for end in self.ends) + 1, self.start.high

    @property
    def most(self) -> int:
        """No more turns than this."""
        low, high = self.span
        return max(0, (high - low) // abs(self.step) + 1)

    @property
    def some(self) -> bool:
        """Whether there surely is a turn."""
        if self.step > 0:
            return all(self.start.high < end.low for end in self.ends)
        return all(self.start.low > end.high for end in self.ends)


def turns_of(checker: Checker, node: ast.expr, evaluate: Evaluate) -> Turns | None:
    """What stands behind `in` of a loop; None where that was reported."""
    if isinstance(node, ast.Call):
        callee = evaluate(checker, node.func)
        made = _CALLS.get(callee.value) if isinstance(callee, Static) and _hashable(callee.value) else None
        if made is not None:
            return made(checker, node, evaluate)
    value = evaluate(checker, node)
    if isinstance(value, Poison):
        return None
    if isinstance(value, Reference):
        if value.type.nullable:
            checker.report(findings.unchecked_lookup(checker.span(node), "this", value.origin))
            return None
        if isinstance(value.type.pointee, ArrayType):
            return _array(checker, value, value.type.pointee)
    if isinstance(value, Several) and value.values:
        return _tuple(checker, value, checker.span(node))
    checker.report(findings.not_iterable(checker.span(node), str(value), _HELP))
    return None


def _hashable(value: object) -> bool:
    return isinstance(value, type | FunctionType) and value in _CALLS


def _tuple(checker: Checker, items: Several, span: Span) -> Turns | None:
    """The values of a tuple, which are of one type and evaluated before the first turn."""
    if not one_kind(checker, items.values, span):
        return None
    return Turns(
        number(0), (number(len(items.values)),), 1, lambda count: choose(checker, items.values, count)
    )


def _array(checker: Checker, array: Reference, kind: ArrayType) -> Turns:
    def item(count: PlainInt) -> Value:
        return checker.load(element(checker, array, kind, count))

    return Turns(number(0), (number(kind.length),), 1, item, array.roots)


def _range(checker: Checker, call: ast.Call, evaluate: Evaluate) -> Turns | None:
    values: list[PlainInt] = []
    for argument in call.args:
        value = evaluate(checker, argument)
        kind = value.type if isinstance(value, Scalar) else None
        if isinstance(value, Scalar) and isinstance(kind, IntegerType) and value.high <= limits(I64)[1]:
            value = PlainInt(checker.convert(value, I64).operand, value.low, value.high)
        if not isinstance(value, PlainInt) or value.high > limits(I64)[1]:
            if not isinstance(value, Poison):
                expected = "an integer that is known to fit `i64`"
                checker.report(findings.type_mismatch(checker.span(argument), expected, str(value)))
            return None
        values.append(value)
    if not 1 <= len(values) <= 3 or call.keywords:
        checker.report(findings.wrong_arguments(checker.span(call), "range", "one to three numbers"))
        return None
    start, stop = (number(0), values[0]) if len(values) == 1 else (values[0], values[1])
    step = values[2] if len(values) == 3 else number(1)
    if not isinstance(step.operand, Number) or step.operand.value == 0:
        checker.report(findings.wrong_arguments(checker.span(call), "range", "a known step other than 0"))
        return None
    return Turns(start, (stop,), step.operand.value, lambda count: count)


def _loop(checker: Checker, call: ast.Call, evaluate: Evaluate) -> Turns | None:
    """`loop(n)`; no more turns than the kernel makes."""
    if len(call.args) != 1 or call.keywords:
        checker.report(findings.wrong_arguments(checker.span(call), "loop", "the number of turns"))
        return None
    turns = _range(checker, call, evaluate)
    if turns is None:
        return None
    (end,) = turns.ends
    if end.low < 0:
        checker.report(findings.type_mismatch(checker.span(call.args[0]), "an unsigned integer", str(end)))
        return None
    end = _at_most(checker, end, MOST_TURNS)
    call_body = TurnCall(_LOOP, "loop", (end.operand,), (Parameter("turn", U32),))
    return replace(turns, ends=(end,), call=call_body)


def entries_of(checker: Checker, node: ast.expr, evaluate: Evaluate) -> Turns | None:
    """`m.items()` of a map behind `in`; None where something else stands there."""
    if (
        not isinstance(node, ast.Call)
        or not isinstance(node.func, ast.Attribute)
        or node.args
        or node.keywords
    ):
        return None
    callee = evaluate(checker, node.func) if node.func.attr == "items" else None
    if not isinstance(callee, Method) or not isinstance(callee.receiver, Static):
        return None
    declaration = callee.receiver.value
    assert isinstance(declaration, Map)
    key = checker.module.types.memory_type(declaration.key_type)
    value = checker.module.types.memory_type(declaration.value_type)
    assert key is not None
    assert value is not None
    place = PointerType(value, Space.MAP_VALUE if declaration.per_cpu else Space.SHARED_MAP_VALUE)
    at_key = PointerType(key, Space.MAP_VALUE)
    checker.at(node)
    entries = maps.address(checker, maps.definition_of(checker, declaration))

    def item(_: PlainInt) -> Value:
        given = [checker.builder.register(at_key), checker.builder.register(place)]
        for position, register in enumerate(given, 1):
            checker.builder.emit(Argument(register, position))
        name = checker.module.maps[declaration].name
        found = checker.load(Reference(given[0]))
        if isinstance(found, Reference):
            # A copy: the key in the map may not be written.
            target = checker.slot(key)
            checker.store(target, found)
            found = Reference(target, fresh=True)
        return Several((found, Reference(given[1], f"an entry of `{name}`")))

    parameters = (
        Parameter("map", PointerType(None, Space.MAP)),
        Parameter("key", at_key),
        Parameter("value", place),
    )
    return Turns(
        number(0), (), 1, item, call=TurnCall(_FOR_EACH, "for_each_map_elem", (entries,), parameters)
    )


def _at_most(checker: Checker, value: PlainInt, most: int) -> PlainInt:
    if value.high <= most:
        return value
    builder = checker.builder
    above, join = builder.block(), builder.block()
    chosen = builder.local("turns", I64)
    builder.emit(StoreLocal(chosen, value.operand))
    limit = scalar(Number(most, I64))
    builder.branch(checker.compare("gt", Scalar(value.operand, value.low, value.high), limit), above, join)
    builder.enter(above)
    builder.emit(StoreLocal(chosen, Number(most, I64)))
    builder.jump(join)
    builder.enter(join)
    register = builder.register(I64)
    builder.emit(LoadLocal(register, chosen))
    return PlainInt(register, min(value.low, most), most)


def _enumerate(checker: Checker, call: ast.Call, evaluate: Evaluate) -> Turns | None:
    given = [*call.args, *(word.value for word in call.keywords if word.arg == "start")]
    if not 1 <= len(given) <= 2 or len(given) != len(call.args) + len(call.keywords):
        expected = "what is looped over, and at most a first number"
        checker.report(findings.wrong_arguments(checker.span(call), "enumerate", expected))
        return None
    inner = turns_of(checker, given[0], evaluate)
    first = evaluate(checker, given[1]) if len(given) == 2 else number(0)
    if not isinstance(first, PlainInt):
        if not isinstance(first, Poison):
            checker.report(findings.type_mismatch(checker.span(given[1]), "int", str(first)))
        return None
    counted = None if inner is None else _from_zero(checker, inner, given[0])
    if counted is None:
        return None
    start, span = first, checker.span(call)

    def item(count: PlainInt) -> Value:
        return Several((_sum(checker, start, count, span), counted.item(count)))

    return Turns(counted.start, counted.ends, 1, item, counted.roots)


def _zip(checker: Checker, call: ast.Call, evaluate: Evaluate) -> Turns | None:
    if len(call.args) < 2 or any(word.arg != "strict" for word in call.keywords):
        checker.report(findings.wrong_arguments(checker.span(call), "zip", "two or more to loop over"))
        return None
    parts: list[Turns] = []
    for argument in call.args:
        inner = turns_of(checker, argument, evaluate)
        counted = None if inner is None else _from_zero(checker, inner, argument)
        if counted is None:
            return None
        parts.append(counted)
    ends = [end for part in parts for end in part.ends]
    known = [end for end in ends if isinstance(end.operand, Number)]
    shortest = sorted(known, key=lambda end: end.low)[:1]
    strict = any(not isinstance(word.value, ast.Constant) or word.value.value for word in call.keywords)
    if strict and (known != ends or len({end.low for end in known}) > 1):
        span = checker.span(call.keywords[0])
        checker.report(
            findings.wrong_arguments(span, "zip", "`strict=True` only where all lengths are known and equal")
        )
        return None
    roots = frozenset[str]().union(*(part.roots for part in parts))

    def item(count: PlainInt) -> Value:
        return Several(tuple(part.item(count) for part in parts))

    return Turns(number(0), (*shortest, *(end for end in ends if end not in known)), 1, item, roots)


def _from_zero(checker: Checker, turns: Turns, node: ast.expr) -> Turns | None:
    """The same items, counted from 0 by 1."""
    if turns.call is not None:
        checker.report(findings.not_iterable(checker.span(node), "loop", "loop over a `range` here"))
        return None
    start, step, span = turns.start, turns.step, checker.span(node)
    (end,) = turns.ends[:1]
    if step == 1 and isinstance(start.operand, Number) and start.operand.value == 0:
        return turns
    if isinstance(start.operand, Number) and isinstance(end.operand, Number):
        length: Value = number(len(range(start.operand.value, end.operand.value, step)))
    elif step == 1:
        length = operators.binary(checker, ast.Sub(), end, start, span)
    else:
        checker.report(findings.not_iterable(span, "range", "give it known numbers, or the step 1"))
        return None
    if not isinstance(length, PlainInt):
        return None
    factor = number(step)

    def item(count: PlainInt) -> Value:
        moved = operators.binary(checker, ast.Mult(), count, factor, span) if step != 1 else count
        inner = _sum(checker, start, moved, span)
        return turns.item(inner) if isinstance(inner, PlainInt) else inner

    return Turns(number(0), (length,), 1, item, turns.roots)


def _sum(checker: Checker, left: PlainInt, right: Value, span: Span) -> Value:
    if isinstance(left.operand, Number) and left.operand.value == 0:
        return right
    return operators.binary(checker, ast.Add(), left, right, span)


_CALLS: dict[object, Callable[[Checker, ast.Call, Evaluate], Turns | None]] = {
    builtins.range: _range,
    builtins.enumerate: _enumerate,
    builtins.zip: _zip,
    loop: _loop,
}
