"""Expressions made at random but typed, that note which operations they hold."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.differential.operations import (
    COMPARISONS,
    CONVERSION,
    MAP_TYPES,
    Cell,
    builtins,
    operators,
    unary,
)
from tests.differential.vocabulary import INTEGERS, NATIVE, UNSIGNED, limits

T = TypeVar("T")


class Decks:
    """Draws without putting back, so that each choice comes as often as any other."""

    def __init__(self, choose: random.Random) -> None:
        self._choose = choose
        self._decks: dict[object, list[object]] = {}

    def draw(self, name: object, cards: Sequence[T]) -> T:
        """The next card of the deck of this name."""
        deck = self._decks.setdefault(name, [])
        if not deck:
            deck += self._choose.sample(cards, len(cards))
        card: T = deck.pop()  # type: ignore[assignment]  # a deck of this name has such cards
        return card


@dataclass
class Names:
    """What can be named where an expression stands, and the form of control it stands in."""

    form: str
    variables: dict[str, str]
    fixed: dict[str, str] = field(default_factory=dict[str, str])
    """Indices of loops and the type to make of them; nothing is assigned to these."""
    arrays: dict[str, str] = field(default_factory=dict[str, str])
    records: list[str] = field(default_factory=list[str])
    in_loop: bool = False

    def inner(self, form: str, *, in_loop: bool = False) -> Names:
        """A block within, of its own form."""
        return Names(
            form,
            dict(self.variables),
            dict(self.fixed),
            dict(self.arrays),
            list(self.records),
            self.in_loop or in_loop,
        )


class Expressions:
    """Texts of expressions; `noted` has the cells of what was made since it was last taken."""

    def __init__(self, choose: random.Random, decks: Decks) -> None:
        self.choose = choose
        self.decks = decks
        self.noted: list[Cell] = []

    def note(self, operation: str, kind: str, form: str) -> None:
        """An operation that the line being made holds."""
        self.noted.append(Cell(operation, kind, form))

    def chance(self, probability: float) -> bool:
        """True as often as that."""
        return self.choose.random() < probability

    def value(self, names: Names, kind: str, depth: int, form: str = "") -> str:
        """An expression of any type."""
        form = form or names.form
        return self.truth(names, depth, form) if kind == "bool" else self.integer(names, kind, depth, form)

    def integer(self, names: Names, kind: str, depth: int, form: str) -> str:
        """An expression of an integer type; never a bare literal."""
        if depth <= 0:
            return self._leaf(names, kind)
        match self.decks.draw(("integer", depth), ("operation",) * 5 + ("convert", "choose", "call", "leaf")):
            case "convert":
                return self._convert(names, kind, depth, form)
            case "choose":
                test = self.truth(names, depth - 1, "conditional")
                first, second = (self.integer(names, kind, depth - 1, "conditional") for _ in range(2))
                return f"({first} if {test} else {second})"
            case "call":
                first, second = (self.integer(names, kind, depth - 1, "argument") for _ in range(2))
                test = self.truth(names, depth - 1, "argument")
                return f"{self.choose.choice(('pick', 'called'))}_{kind}({first}, {second}, {test})"
            case "operation":
                return self._operation(names, kind, depth, form)
            case _:
                return self._leaf(names, kind)

    def _operation(self, names: Names, kind: str, depth: int, form: str) -> str:
        operation = self.decks.draw(("operator", kind, form), operators(kind) + unary(kind) + builtins(kind))
        self.note(operation, kind, form)
        if operation in builtins(kind):
            count = 1 if operation == "abs" else self.choose.choice((2, 2, 3))
            given = [self.integer(names, kind, depth - 1, form) for _ in range(count)]
            return f"{operation}({', '.join(given)})"
        if operation in unary(kind):
            return f"({operation.removesuffix('x')}{self.integer(names, kind, depth - 1, form)})"
        if self.chance(0.08):
            # What the compiler knows it calculates itself.
            return f"({kind}({self.literal(kind)}) {operation} {self.literal(kind)})"
        left, right = (
            self.integer(names, kind, depth - 1, form),
            self.operand(names, kind, depth - 1, form),
        )
        if self.chance(0.15):
            left, right = right, left
        return f"({left} {operation} {right})"

    def _convert(self, names: Names, kind: str, depth: int, form: str) -> str:
        others = tuple(other for other in (*INTEGERS, "bool") if other != kind)
        source = self.decks.draw(("convert", kind), others)
        self.note(CONVERSION, kind, form)
        self.note(f"from {source}", kind, "any")
        return f"{kind}({self.value(names, source, depth - 1, form)})"

    def operand(self, names: Names, kind: str, depth: int, form: str) -> str:
        """The right side of an operator: a bare literal takes the type of the left."""
        return self.literal(kind) if self.chance(0.25) else self.integer(names, kind, depth, form)

    def literal(self, kind: str) -> str:
        """A number at an edge of its type, or any."""
        low, high = limits(kind)
        near = (0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, -1, -2, low, high, high - 1)
        number = self.choose.choice([number for number in near if low <= number <= high])
        if self.chance(0.2):
            number = self.choose.randint(low, high)
        return f"({number})" if number < 0 else str(number)

    def _leaf(self, names: Names, kind: str) -> str:
        leaves = [f"{kind}({self.literal(kind)})"]
        leaves += [name for name, other in names.variables.items() if other == kind] * 3
        leaves += [f"{kind}({index})" for index in names.fixed]
        for name, array in names.arrays.items():
            element = {"Bytes": "u8", "Words": "i32", "Orders": "be16"}[array]
            leaves += [f"{name}[{self.choose.randrange(4)}]"] * 2 if element == kind else []
        fields = {"u8": "narrow", "be32": "order", "u64": "wide", "i16": "inner.small", "i64": "inner.wide"}
        if kind in fields:
            leaves += [f"{record}.{fields[kind]}" for record in names.records] * 2
        others = [name for name, other in names.variables.items() if other != kind]
        leaves += [f"{kind}({name})" for name in self.choose.sample(others, min(2, len(others)))]
        return self.choose.choice(leaves)

    def index(self, names: Names, length: int, *, variable: bool) -> str:
        """An index into an array of a length that is a power of two."""
        if not variable:
            return str(self.choose.randrange(length))
        near = [name for name in names.fixed if name.startswith("k")]
        if near and length >= 4 and self.chance(0.3):
            return self.choose.choice(near)
        kind = self.choose.choice(NATIVE)
        mask = f"& {length - 1}"
        if kind in UNSIGNED and self.chance(0.4):
            mask = f"% {length}"
        return f"{self.integer(names, kind, 1, 'index')} {mask}"

    def key(self, names: Names, name: str) -> str:
        """A key that is often the same one."""
        kind, _, mask = MAP_TYPES[name]
        return f"{self.integer(names, kind, 1, names.form)} & {mask}"

    def truth(self, names: Names, depth: int, form: str) -> str:
        """A bool; in parentheses where it has parts."""
        if depth <= 0:
            known = [name for name, kind in names.variables.items() if kind == "bool"]
            return (
                self.choose.choice(known) if known and self.chance(0.7) else self.comparison(names, 0, form)
            )
        kinds = ("comparison",) * 4 + ("and", "or", "not", "chain", "number", "call")
        match self.decks.draw(("truth", depth), kinds):
            case "and" | "or" as word:
                first, second = (self.truth(names, depth - 1, word) for _ in range(2))
                return f"({first} {word} {second})"
            case "not":
                return f"(not {self.truth(names, depth - 1, form)})"
            case "number":
                kind = self.decks.draw("number", NATIVE)
                self.note("bool", kind, "any")
                return f"bool({self.integer(names, kind, depth - 1, form)})"
            case "chain":
                return self._chain(names, depth, form)
            case "call":
                arguments = ", ".join(self.integer(names, "u16", depth - 1, "argument") for _ in range(3))
                return f"between({arguments})"
            case _:
                return self.comparison(names, depth, form)

    def comparison(self, names: Names, depth: int, form: str) -> str:
        """A relation of two numbers, in parentheses."""
        kind = self.decks.draw(("compared", form), INTEGERS)
        operation = self.decks.draw(("comparison", form, kind), COMPARISONS)
        self.note(operation, kind, form)
        left = self.integer(names, kind, depth - 1, form)
        right = self.operand(names, kind, depth - 1, form)
        return f"({left} {operation} {right})"

    def _chain(self, names: Names, depth: int, form: str) -> str:
        kind = self.decks.draw(("chained", form), INTEGERS)
        first, second = (self.decks.draw(("comparison", form, kind), COMPARISONS) for _ in range(2))
        self.note(first, kind, form)
        self.note(second, kind, form)
        low, middle = (self.integer(names, kind, depth - 1, form) for _ in range(2))
        return f"({low} {first} {middle} {second} {self.operand(names, kind, depth - 1, form)})"
