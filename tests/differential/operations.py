"""What has to be compared: each operation, on each type, in each form of control; and how often it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.differential.vocabulary import INTEGERS, NATIVE, NETWORK, SIGNED

LEAST = 20
"""How often each cell has to be hit in a whole run."""

ARITHMETIC = ("+", "-", "*", "//", "%", "<<", ">>")
BITWISE = ("&", "|", "^")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
CONVERSION = "conversion"

STATEMENT_FORMS = ("body", "if", "elif", "else", "for", "while", "case", "past return")
"""Where a statement stands."""
EXPRESSION_FORMS = ("test", "and", "or", "conditional", "walrus", "argument", "index")
"""What an expression is a part of; else it has the form of its statement."""

ARRAY_TYPES = {"Bytes": ("u8", 8), "Words": ("i32", 4), "Orders": ("be16", 4)}
ARRAY_OPERATIONS = ("read [constant]", "read [variable]", "write [constant]", "write [variable]")
RECORD_OPERATIONS = ("build", "copy", "read field", "write field", "write nested field", "compare", "call")
MAP_TYPES = {
    "hashed": ("u32", "u64", 15), "signed": ("i16", "i32", 15), "recent": ("u8", "u32", 31),
    "indexed": ("u32", "i64", 7), "scratch": ("u32", "u16", 3), "narrow": ("u16", "u8", 15),
    "prefixes": ("be32", "u32", 15),
}  # fmt: skip
"""Maps with the types of key and value, and a mask of the keys; both arrays are shorter."""
MAP_OPERATIONS = ("lookup", "in", "=", "+=", "-=")
KEYED_OPERATIONS = ("insert", "del")
WITHOUT_KEYS = ("indexed", "scratch")


class Cell(NamedTuple):
    """One thing to compare."""

    operation: str
    kind: str
    form: str


def operators(kind: str) -> tuple[str, ...]:
    """The operators that give a number of the type of both sides."""
    return BITWISE if kind in NETWORK else ARITHMETIC + BITWISE


def builtins(kind: str) -> tuple[str, ...]:
    """Python's functions of numbers that programs may call."""
    if kind in NETWORK:
        return ()
    return ("min", "max", "abs") if kind in SIGNED else ("min", "max")


def unary(kind: str) -> tuple[str, ...]:
    """The operators with one operand; the minus is written so that it differs from the binary one."""
    return ("~",) if kind in NETWORK else ("~", "-x")


def map_operations(name: str) -> tuple[str, ...]:
    """What can be done with a map."""
    return MAP_OPERATIONS if name in WITHOUT_KEYS else MAP_OPERATIONS + KEYED_OPERATIONS


def all_cells() -> Iterator[Cell]:
    """Every cell that a whole run has to hit."""
    for kind in INTEGERS:
        for form in STATEMENT_FORMS + EXPRESSION_FORMS:
            for operation in (*operators(kind), *unary(kind), *builtins(kind), *COMPARISONS, CONVERSION):
                yield Cell(operation, kind, form)
        for form in STATEMENT_FORMS:
            for operation in operators(kind):
                yield Cell(f"{operation}=", kind, form)
        for source in (*INTEGERS, "bool"):
            if source != kind:
                yield Cell(f"from {source}", kind, "any")
    for form in STATEMENT_FORMS:
        yield from (Cell(operation, kind, form) for kind in ARRAY_TYPES for operation in ARRAY_OPERATIONS)
        yield from (Cell(operation, "Record", form) for operation in RECORD_OPERATIONS)
        yield from (Cell(operation, name, form) for name in MAP_TYPES for operation in map_operations(name))
    yield from (Cell("bool", kind, "any") for kind in NATIVE)
    yield from (Cell(operation, "Packet", "any") for operation in ("read", "read None", "write"))


class Tally:
    """How often each cell was hit: written into a function whose line was run."""

    def __init__(self) -> None:
        self._hits: Counter[Cell] = Counter()

    def add(self, cells: Iterable[Cell]) -> None:
        """Count what was run."""
        self._hits.update(cells)

    def merge(self, other: Tally) -> None:
        """Take another tally's counts as well."""
        self._hits.update(other._hits)

    @property
    def hits(self) -> int:
        """All of them together."""
        return self._hits.total()

    def missing(self, least: int = LEAST) -> list[tuple[Cell, int]]:
        """The cells that were hit too rarely, and how often."""
        return [(cell, self._hits[cell]) for cell in all_cells() if self._hits[cell] < least]

    def table(self) -> str:
        """For each operation and form of control, a line with the hits of each type."""
        lines: list[str] = []
        groups: dict[tuple[str, ...], dict[tuple[str, str], dict[str, int]]] = {}
        for cell in all_cells():
            columns: tuple[str, ...] = INTEGERS if cell.kind in INTEGERS else (cell.kind,)
            row = groups.setdefault(columns, {}).setdefault((cell.operation, cell.form), {})
            row[cell.kind] = self._hits[cell]
        for columns, rows in groups.items():
            lines += ["", f"{'operation':16} {'form':12}" + "".join(f"{name:>9}" for name in columns)]
            for (operation, form), row in rows.items():
                cells = "".join(f"{row.get(name, '-'):>9}" for name in columns)
                lines.append(f"{operation:16} {form:12}{cells}")
        counted = [self._hits[cell] for cell in all_cells()]
        lines += ["", f"{len(counted)} cells, {sum(counted)} hits, the rarest {min(counted)}"]
        return "\n".join(lines)
