"""What an expression of the command line can be, and the source text that gives it in a program."""

from __future__ import annotations

import ast
from dataclasses import dataclass

__all__ = [
    "ColumnKind",
    "Integers",
    "Kind",
    "LiteralNumber",
    "LiteralText",
    "Number",
    "Term",
    "Text",
    "Truth",
    "Which",
]


@dataclass(frozen=True)
class Number:
    """An integer: i64 where it is signed or fits, else u64. All narrower fields are widened."""

    signed: bool = True
    is_address: bool = False
    """Printed in hexadecimal."""

    @property
    def type_name(self) -> str:
        """Its type in the program."""
        return "i64" if self.signed else "u64"


@dataclass(frozen=True)
class Truth:
    """A bool."""

    type_name = "bool"


@dataclass(frozen=True)
class Text:
    """Characters up to a zero byte; `size` is in bytes, None for that of the program's own type `Text`."""

    size: int | None

    @property
    def type_name(self) -> str:
        """Its type in the program."""
        if self.size is None:
            return "Text"
        return "Comm" if self.size == 16 else f"CharArray[Literal[{self.size}]]"


@dataclass(frozen=True)
class Integers:
    """An array of integers, of which elements can be taken."""

    length: int
    element: Number
    type_name: str


@dataclass(frozen=True)
class Which:
    """The probe itself, as its number among those that are traced."""

    type_name = "u32"


@dataclass(frozen=True)
class LiteralNumber:
    """A number of the command line."""

    value: int


@dataclass(frozen=True)
class LiteralText:
    """A text of the command line."""

    value: str


ColumnKind = Number | Truth | Text | Which
"""What a key or event can consist of."""

Kind = ColumnKind | Integers | LiteralNumber | LiteralText


@dataclass(frozen=True)
class Term:
    """A checked expression: the Python that stands for it in the program, and what it is."""

    node: ast.expr
    kind: Kind
