"""Small functions made at random, some of each kind: they take numbers, and give one.

They calculate with the types, forms of control and memory that `operations` lists. `modules` calls them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.differential.expressions import Decks, Expressions, Names
from tests.differential.operations import (
    ARRAY_OPERATIONS,
    ARRAY_TYPES,
    COMPARISONS,
    MAP_TYPES,
    RECORD_OPERATIONS,
    Cell,
    map_operations,
    operators,
)
from tests.differential.vocabulary import INTEGERS, NATIVE, NETWORK

_STATEMENTS = (
    *("augment",) * 6,
    *("compare", "map_", "assign") * 2,
    *("map_", "array", "record", "swap"),
)
_BLOCKS = (*("block", "if_", "else_", "for_", "while_", "match_", "past_return") * 2, *("elif_",) * 3)
"""A function has one of these; not all of them are always run."""
_PARTS = (*("and_", "or_", "index") * 3, *("walrus",) * 4, "conditional", "argument")
"""And one of these: forms of an expression."""
_DECORATORS = ("", "@function(inline=False)", "@function(verified_alone=True)")


@dataclass
class FunctionText:
    """A function, and the cells of each of its lines."""

    name: str
    parameters: list[str]
    result: str
    decorator: str
    lines: list[str] = field(default_factory=list[str])
    cells: dict[int, list[Cell]] = field(default_factory=dict[int, list[Cell]])
    stack: int = 0
    """About how many bytes of the stack it takes."""

    @property
    def heading(self) -> list[str]:
        """Its first lines."""
        declared = ", ".join(f"a{number}: {kind}" for number, kind in enumerate(self.parameters))
        first = [self.decorator] if self.decorator else []
        return [*first, f"def {self.name}({declared}) -> {self.result}:"]

    def call(self, choose: random.Random) -> str:
        """A call with numbers of the packet."""
        sides = choose.choice(("abab", "abba", "baba", "aabb"))
        arguments = ", ".join(f"p.{side}_{kind}" for side, kind in zip(sides, self.parameters, strict=True))
        return f"{self.name}({arguments})"


class FunctionMaker:
    """Makes functions, statement by statement."""

    def __init__(self, choose: random.Random) -> None:
        self._choose = choose
        self._decks = Decks(choose)
        self._make = Expressions(choose, self._decks)
        self._text = FunctionText("", [], "", "")
        self._count = 0

    def function(self, name: str) -> FunctionText:
        """The next function."""
        draw = self._decks.draw
        kinds = (*INTEGERS, "bool")
        self._text = FunctionText(
            name,
            [kind for _ in range(2) for kind in (draw("parameter", kinds),) * 2],
            draw("result", kinds),
            draw("decorator", _DECORATORS),
        )
        self._count = 0
        parameters = {f"a{number}": kind for number, kind in enumerate(self._text.parameters)}
        names = Names("body", parameters)
        parts = [draw("block", _BLOCKS), draw("part", _PARTS)]
        self._choose.shuffle(parts)
        for part in parts:
            getattr(self, f"_{part}")(names, 1)
        self._write(1, f"return {self._make.value(names, self._text.result, 2)}")
        return self._text

    def _new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def _write(self, depth: int, line: str) -> None:
        self._text.cells[len(self._text.lines)] = self._make.noted
        self._make.noted = []
        self._text.lines.append("    " * depth + line)

    def _block(self, names: Names, depth: int) -> None:
        """Statements of one form, with a block in it now and then."""
        for _ in range(6):
            card = self._decks.draw(("statement", names.form), _STATEMENTS)
            getattr(self, f"_{card}")(names, depth)
        if names.in_loop and self._choose.random() < 0.4:
            self._write(depth, f"if {self._make.truth(names, 1, 'test')}:")
            self._write(depth + 1, self._choose.choice(("break", "continue")))
        elif depth < 3 and self._choose.random() < 0.1:
            getattr(self, f"_{self._choose.choice(('if_', 'elif_', 'else_', 'for_', 'while_'))}")(
                names, depth
            )

    def _assign(self, names: Names, depth: int) -> None:
        old = self._choose.choice(list(names.variables)) if self._choose.random() < 0.5 else ""
        kind = names.variables[old] if old else self._decks.draw("assigned", (*INTEGERS, "bool"))
        value = self._make.value(names, kind, 2)
        name = old or self._new("v")
        names.variables[name] = kind
        self._write(depth, f"{name} = {value}")

    def _augment(self, names: Names, depth: int) -> None:
        kind = self._decks.draw(("augmented", names.form), INTEGERS)
        operation = self._decks.draw(("augment", kind, names.form), operators(kind))
        known = [name for name, other in names.variables.items() if other == kind]
        if not known:
            known = [self._new("v")]
            self._write(depth, f"{known[0]} = {self._make.value(names, kind, 1)}")
            names.variables[known[0]] = kind
        name = self._choose.choice(known)
        value = self._make.operand(names, kind, 1, names.form)
        self._make.note(f"{operation}=", kind, names.form)
        self._write(depth, f"{name} {operation}= {value}")

    def _compare(self, names: Names, depth: int) -> None:
        name = self._new("v")
        self._write(depth, f"{name} = {self._make.comparison(names, 1, names.form)}")
        names.variables[name] = "bool"

    def _if_(self, names: Names, depth: int) -> None:
        self._write(depth, f"if {self._make.truth(names, 2, 'test')}:")
        self._block(names.inner("if"), depth + 1)

    def _else_(self, names: Names, depth: int) -> None:
        self._write(depth, f"if {self._make.truth(names, 2, 'test')}:")
        self._assign(names.inner("if"), depth + 1)
        self._write(depth, "else:")
        self._block(names.inner("else"), depth + 1)

    def _elif_(self, names: Names, depth: int) -> None:
        self._write(depth, f"if {self._make.truth(names, 1, 'test')}:")
        self._assign(names.inner("if"), depth + 1)
        self._write(depth, f"elif {self._make.truth(names, 1, 'test')}:")
        self._block(names.inner("elif"), depth + 1)

    def _match_(self, names: Names, depth: int) -> None:
        kind = self._decks.draw("matched", NATIVE)
        self._write(depth, f"match {self._make.integer(names, kind, 2, 'test')} & 3:")
        first, second = self._choose.sample(range(4), 2)
        self._write(depth + 1, f"case {first}:")
        self._assign(names.inner("case"), depth + 2)
        self._write(depth + 1, self._choose.choice((f"case {second}:", f"case {second} | 7:", "case _:")))
        self._block(names.inner("case"), depth + 2)

    def _swap(self, names: Names, depth: int) -> None:
        """Two names of one type change what they hold."""
        kinds = [kind for kind in names.variables.values() if kind in INTEGERS]
        kind = self._choose.choice(kinds) if kinds else "u32"
        first, second = (self._make.integer(names, kind, 1, names.form) for _ in range(2))
        left, right = self._new("v"), self._new("v")
        known = [name for name, other in names.variables.items() if other == kind]
        left = self._choose.choice(known) if known else left
        self._write(depth, f"{left}, {right} = {first}, {second}")
        names.variables.update({left: kind, right: kind})

    def _for_(self, names: Names, depth: int) -> None:
        index = self._new("k")
        bounds = self._choose.choice(("4", "3", "1, 4, 2", "3, 0, -1", "0, 4, 3", "2, 2", "4, -1, -1"))
        if bounds.startswith("4,"):
            index = self._new("far")
        self._write(depth, f"for {index} in range({bounds}):")
        inner = names.inner("for", in_loop=True)
        inner.fixed[index] = "u32"
        self._block(inner, depth + 1)

    def _while_(self, names: Names, depth: int) -> None:
        counter = self._new("n")
        self._write(depth, f"{counter} = u32({self._choose.randint(0, 2)})")
        self._write(depth, f"while {counter} < {self._choose.randint(1, 5)}:")
        self._write(depth + 1, f"{counter} += 1")
        inner = names.inner("while", in_loop=True)
        inner.fixed[counter] = "u32"
        self._block(inner, depth + 1)

    def _past_return(self, names: Names, depth: int) -> None:
        self._write(depth, f"if {self._make.truth(names, 2, 'test')}:")
        self._write(depth + 1, f"return {self._make.value(names.inner('if'), self._text.result, 1)}")
        names.form = "past return"
        self._block(names, depth)

    # parts of expressions

    def _keep(self, names: Names, kind: str, value: str, depth: int) -> None:
        name = self._new("v")
        self._write(depth, f"{name} = {value}")
        names.variables[name] = kind

    def _and_(self, names: Names, depth: int, word: str = "and") -> None:
        first, second = (self._make.comparison(names, 2, word) for _ in range(2))
        self._keep(names, "bool", f"{first} {word} {second}", depth)

    def _or_(self, names: Names, depth: int) -> None:
        self._and_(names, depth, "or")

    def _conditional(self, names: Names, depth: int) -> None:
        kind = self._decks.draw("conditional", INTEGERS)
        test = self._make.comparison(names, 1, "conditional")
        first, second = (self._make.integer(names, kind, 2, "conditional") for _ in range(2))
        self._keep(names, kind, f"{first} if {test} else {second}", depth)

    def _argument(self, names: Names, depth: int) -> None:
        kind = self._decks.draw("argument", INTEGERS)
        first, second = (self._make.integer(names, kind, 2, "argument") for _ in range(2))
        test = self._make.comparison(names, 1, "argument")
        called = self._choose.choice(("pick", "called"))
        self._keep(names, kind, f"{called}_{kind}({first}, {second}, {test})", depth)

    def _walrus(self, names: Names, depth: int) -> None:
        kind = self._decks.draw("walrus", INTEGERS)
        name = self._new("v")
        value = self._make.integer(names, kind, 2, "walrus")
        relation = self._decks.draw(("comparison", "walrus", kind), COMPARISONS)
        self._make.note(relation, kind, "walrus")
        test = f"({name} := {value}) {relation} {self._make.operand(names, kind, 2, 'walrus')}"
        names.variables[name] = kind
        self._write(depth, f"if {test}:")
        self._assign(names.inner("if"), depth + 1)

    def _index(self, names: Names, depth: int) -> None:
        name, variable = self._new("w"), self._new("v")
        self._text.stack += 16
        self._write(depth, f"{name} = Bytes()")
        kind = self._decks.draw("index", INTEGERS)
        number = self._make.integer(names, kind, 2, "index")
        if kind in NETWORK:
            number = f"u64({number})"
        self._write(depth, f"{name}[{number} & 7] = {self._make.integer(names, 'u8', 1, names.form)}")
        number = f"u8({self._make.comparison(names, 2, 'index')})"
        self._write(depth, f"{variable} = {name}[{number} + {self._choose.randrange(7)}]")
        names.arrays[name] = "Bytes"
        names.variables[variable] = "u8"

    # memory

    def _array(self, names: Names, depth: int) -> None:
        kind = self._decks.draw(("array", names.form), tuple(ARRAY_TYPES))
        element, length = ARRAY_TYPES[kind]
        known = [name for name, other in names.arrays.items() if other == kind]
        if not known:
            known = [self._new("w")]
            self._write(depth, f"{known[0]} = {kind}()")
            names.arrays[known[0]] = kind
            self._text.stack += 16
            first = self._make.integer(names, element, 1, names.form)
            index = self._make.index(names, length, variable=False)
            self._make.note("write [constant]", kind, names.form)
            self._write(depth, f"{known[0]}[{index}] = {first}")
        name = self._choose.choice(known)
        operation = self._decks.draw(("array operation", kind, names.form), ARRAY_OPERATIONS)
        index = self._make.index(names, length, variable="variable" in operation)
        self._make.note(operation, kind, names.form)
        if "write" in operation:
            sign = self._choose.choice(("=", "^=", "|="))
            value = self._make.integer(names, element, 1, names.form)
            self._write(depth, f"{name}[{index}] {sign} {value}")
        else:
            variable = self._new("v")
            self._write(depth, f"{variable} = {name}[{index}]")
            names.variables[variable] = element

    def _record(self, names: Names, depth: int) -> None:
        operation = self._decks.draw(("record", names.form), RECORD_OPERATIONS)
        make, form = self._make, names.form
        if not names.records or operation == "build":
            name = self._new("r")
            values = [make.integer(names, kind, 1, form) for kind in ("u8", "i16", "i64", "be32", "u64")]
            inner = f"Inner(flag={make.truth(names, 1, form)}, small={values[1]}, wide={values[2]})"
            make.note("build", "Record", form)
            rest = f"order={values[3]}, bytes=Bytes(), wide={values[4]}"
            self._write(depth, f"{name} = Record(narrow={values[0]}, inner={inner}, {rest})")
            names.records.append(name)
            self._text.stack += 96
        record = self._choose.choice(names.records)
        make.note(operation, "Record", form)
        match operation:
            case "copy":
                self._write(
                    depth, f"{record}.inner = build({make.integer(names, 'u32', 1, 'argument')}).inner"
                )
                self._text.stack += 96
            case "write field":
                self._write(depth, f"{record}.order = {make.integer(names, 'be32', 1, form)}")
            case "write nested field":
                self._write(depth, f"{record}.inner.wide -= {make.operand(names, 'i64', 1, form)}")
            case "call" | "read field" | "compare":
                source = {
                    "call": f"{record}.mixed + u64({record}.scaled(FIXED))",
                    "read field": f"u64({record}.inner.small) + {record}.wide",
                    "compare": f"u64({record}.bytes == Bytes())",
                }[operation]
                variable = self._new("v")
                self._write(depth, f"{variable} = {source}")
                names.variables[variable] = "u64"
            case _:
                make.noted.clear()

    def _map_(self, names: Names, depth: int) -> None:
        name = self._decks.draw(("map", names.form), tuple(MAP_TYPES))
        kind = MAP_TYPES[name][1]
        operation = self._decks.draw(("map operation", name, names.form), map_operations(name))
        key = self._make.key(names, name)
        self._make.note(operation, name, names.form)
        self._text.stack += 16
        match operation:
            case "=":
                self._write(depth, f"{name}[{key}] = {self._make.integer(names, kind, 1, names.form)}")
            case "+=" | "-=":
                value = self._make.operand(names, kind, 1, names.form)
                self._write(depth, f"{name}[{key}] {operation} {value}")
            case "del":
                self._write(depth, f"del {name}[{key}]")
            case "in" | "insert":
                value = self._make.integer(names, kind, 1, names.form)
                source = f"{key} in {name}" if operation == "in" else f"{name}.insert({key}, {value})"
                variable = self._new("v")
                self._write(depth, f"{variable} = {source}")
                names.variables[variable] = "bool"
            case _:
                found, variable = self._new("f"), self._new("v")
                self._write(depth, f"{found} = {name}.lookup({key})")
                self._write(depth, f"{variable} = {self._make.integer(names, kind, 1, names.form)}")
                names.variables[variable] = kind
                self._write(depth, f"if {found} is not None:")
                inner = names.inner("if")
                sign = self._choose.choice(("+=", "-=", "^=", "|=") if kind not in NETWORK else ("^=",))
                value = self._make.operand(inner, kind, 1, inner.form)
                self._make.note(sign, kind, inner.form)
                self._write(depth + 1, f"{found}.value {sign} {value}")
                self._write(depth + 1, f"{variable} = {found}.value")
