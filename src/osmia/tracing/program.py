"""From a request to the text of an osmia program: its probes, its key or event, its maps."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from osmia import CompileError, Struct, UsageError
from osmia.diagnostics import Diagnostic
from osmia.tracing.expressions import (
    LARGEST_TEXT,
    SMALLEST_TEXT,
    Expression,
    ExpressionError,
    Translator,
    parse,
)
from osmia.tracing.probes import Probe
from osmia.tracing.program_text import Column, Handler, Shape, program_text
from osmia.tracing.terms import ColumnKind, Kind, Number, Text
from osmia.tracing.vocabulary import vocabulary

__all__ = ["Action", "Request", "TraceProgram", "write_program"]

_ROOM = 208
"""Bytes of a key or event: with what it is made of, it lies twice on a stack of 512 bytes."""
_MOST_COLUMNS = 16


class Action(Enum):
    """What is done at each event."""

    COUNT = "count"
    SUM = "sum"
    HISTOGRAM = "hist"
    PRINT = "print"


@dataclass(frozen=True)
class Request:
    """A one-liner, as the command line has it."""

    probes: tuple[Probe, ...]
    action: Action = Action.COUNT
    value: str = ""
    """What is summed up, sorted into a histogram, or printed."""
    key: str = ""
    filter: str = ""
    since: tuple[Probe, ...] = ()
    """Where the time `elapsed` starts, in the same thread."""


@dataclass(frozen=True)
class TraceProgram:
    """A generated program, and what its rows are."""

    text: str
    request: Request
    columns: tuple[Column, ...]
    """The parts of a key, or of an event that is printed."""


T = TypeVar("T")


def write_program(request: Request) -> TraceProgram:
    """The program of a request.

    Raises:
        CompileError: with every fault of its expressions.
        UsageError: it cannot be done at all.
    """
    found: list[Diagnostic] = []
    rows = request.value if request.action is Action.PRINT else request.key
    option = "--print" if request.action is Action.PRINT else "--key"
    expressions = _parse(found, option, rows, several=True)
    value = _parse(found, f"--{request.action.value}", request.value) if rows is not request.value else ()
    condition = _parse(found, "--filter", request.filter)
    if len(expressions) > _MOST_COLUMNS:
        raise UsageError(f"{option} has {len(expressions)} parts", f"at most {_MOST_COLUMNS} are possible")
    handlers = [
        handler
        for index, probe in enumerate(request.probes)
        if (handler := _handler(request, probe, index, expressions, value, condition, found)) is not None
    ]
    if found:
        raise CompileError(tuple(dict.fromkeys(found)))
    columns = _columns(expressions, handlers)
    values = [handler.value.kind for handler in handlers if handler.value is not None]
    shape = Shape(
        request.action is Action.PRINT,
        request.action is Action.HISTOGRAM,
        columns,
        _text_size(columns, max(handler.needed_text for handler in handlers)),
        _joined(values).type_name if values else "u64",
    )
    return TraceProgram(program_text(shape, handlers, request.since), request, columns)


def _parse(
    found: list[Diagnostic], option: str, text: str, *, several: bool = False
) -> tuple[Expression, ...]:
    if not text:
        return ()
    try:
        return parse(option, text, several=several)
    except ExpressionError as error:
        found.append(error.fault)
        return ()


def _handler(
    request: Request,
    probe: Probe,
    index: int,
    expressions: tuple[Expression, ...],
    value: tuple[Expression, ...],
    condition: tuple[Expression, ...],
    found: list[Diagnostic],
) -> Handler | None:
    """The expressions at one probe; None where faults were found and recorded."""
    translator = Translator(vocabulary(probe, elapsed=bool(request.since)), str(probe), index)
    before = len(found)
    tests = [ast.unparse(node) for each in condition if (node := _try(found, translator.condition, each))]
    filtered = tuple(translator.variables.items())
    terms = [term for each in expressions if (term := _try(found, translator.value, each))]
    values = [term for each in value if (term := _try(found, translator.number, each))]
    if len(found) > before:
        return None
    computed = tuple(translator.variables.items())[len(filtered) :]
    return Handler(
        probe,
        filtered,
        tests[0] if tests else "",
        computed,
        tuple(terms),
        values[0] if values else None,
        translator.needed_text,
    )


def _try(found: list[Diagnostic], check: Callable[[Expression], T], expression: Expression) -> T | None:
    """A checked expression; None where its fault was recorded."""
    try:
        return check(expression)
    except ExpressionError as error:
        found.append(error.fault)
        return None


def _columns(expressions: Sequence[Expression], handlers: Sequence[Handler]) -> tuple[Column, ...]:
    columns: list[Column] = []
    for position, expression in enumerate(expressions):
        kinds = {handler.terms[position].kind for handler in handlers}
        numbers = [kind for kind in kinds if isinstance(kind, Number)]
        if len(numbers) < len(kinds) and len(kinds) > 1:
            raise UsageError(
                f"{expression.title} is not of one kind at all {len(handlers)} probes",
                "trace them one by one, or narrow the pattern",
            )
        kind = _joined(numbers) if numbers else next(iter(kinds))
        assert isinstance(kind, ColumnKind)
        taken = {column.field for column in columns}
        columns.append(Column(expression.title, _field_name(expression.node, position, taken), kind))
    return tuple(columns)


def _joined(kinds: Sequence[Kind]) -> Number:
    """The one type of numbers that come from several probes."""
    numbers = [kind for kind in kinds if isinstance(kind, Number)]
    signed = any(kind.signed for kind in numbers)
    return Number(signed, all(kind.is_address for kind in numbers) and not signed)


def _field_name(node: ast.expr, position: int, taken: set[str]) -> str:
    """The name of a plain name or field, where a struct can have it."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    usable = name.isidentifier() and name.isascii() and not name.startswith("_")
    if not usable or name in taken or keyword.iskeyword(name) or hasattr(Struct, name):
        return f"value_{position + 1}"
    return name


def _text_size(columns: Sequence[Column], needed: int) -> int:
    """The bytes of a `Text`: the largest power of two with which a row finds room.

    Raises:
        UsageError: the row is too large for the stack.
    """
    size = LARGEST_TEXT
    while size >= max(needed, SMALLEST_TEXT):
        if sum(_size(column.kind, size) for column in columns) <= _ROOM:
            return size
        size //= 2
    raise UsageError(
        "the parts of a row, or the texts they are compared with, are too large together",
        f"a row has room for {_ROOM} bytes: leave some parts out",
    )


def _size(kind: ColumnKind, text_size: int) -> int:
    """Bytes of a column, alignment included."""
    if not isinstance(kind, Text):
        return 8
    return (text_size if kind.size is None else kind.size) + 7 & ~7
