"""All Python is either compiled or refused with a reason."""

from __future__ import annotations

import ast

import pytest

from osmia.compiler.frontend.refused import COMPILED, REFUSED
from osmia.compiler.frontend.syntax import refused_constructs
from osmia.compiler.source import FunctionSource
from osmia.diagnostics import SourceMap

KINDS = (ast.stmt, ast.expr, ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.pattern)

WRITTEN: dict[type[ast.AST], str] = {
    ast.AsyncFunctionDef: "async def inner() -> None: pass",
    ast.AsyncFor: "async for item in items: pass",
    ast.AsyncWith: "async with lock: pass",
    ast.Await: "await event",
    ast.ClassDef: "class Inner: pass",
    ast.Try: "try:\n        pass\n    except ValueError: pass",
    ast.TryStar: "try:\n        pass\n    except* ValueError: pass",
    ast.Raise: "raise ValueError",
    ast.Assert: "assert value",
    ast.Import: "import time",
    ast.ImportFrom: "from time import sleep",
    ast.Global: "global value",
    ast.Nonlocal: "nonlocal value",
    ast.MatchSequence: "match value:\n        case [a, b]: pass",
    ast.MatchStar: "match value:\n        case [a, *b]: pass",
    ast.MatchMapping: "match value:\n        case {1: a}: pass",
    ast.List: "[1, 2]",
    ast.Set: "{1, 2}",
    ast.Dict: "{1: 2}",
    ast.ListComp: "[x for x in y]",
    ast.SetComp: "{x for x in y}",
    ast.DictComp: "{x: 1 for x in y}",
    ast.Yield: "yield 1",
    ast.YieldFrom: "yield from y",
    ast.Lambda: "lambda: 1",
    ast.Starred: "call(*y)",
    ast.Slice: "y[1:2]",
    ast.Div: "a / b",
    ast.Pow: "a **= b",
    ast.MatMult: "a @ b",
}
"""One statement for each entry of the table; `ast.parse` takes them also where Python would not."""


def source_of(statement: str) -> FunctionSource:
    text = f"def program(ctx: XdpContext) -> XdpAction:\n    {statement}\n"
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    return FunctionSource(source_of, node, SourceMap("program.py", tuple(text.splitlines())), {})  # type: ignore[arg-type]


def concrete(kind: type[ast.AST]) -> set[type[ast.AST]]:
    """Classes that the parser makes: not those that Python keeps only as old names."""
    return {
        python_class
        for python_class in kind.__subclasses__()
        if python_class.__module__ == "ast" and python_class.__doc__ != "" and python_class not in OLD
    }


OLD = {
    getattr(ast, name) for name in ("Num", "Str", "Bytes", "NameConstant", "Ellipsis") if name in vars(ast)
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_is_compiled_or_refused(kind: type[ast.AST]) -> None:
    known = {python_class for python_class in [*COMPILED, *REFUSED] if issubclass(python_class, kind)}
    assert known == concrete(kind)


def test_no_class_is_compiled_and_refused() -> None:
    assert not COMPILED & REFUSED.keys()


def test_every_entry_of_the_table_is_tried() -> None:
    newer = {python_class for python_class in REFUSED if python_class.__name__ in NEWER}
    assert WRITTEN.keys() == REFUSED.keys() - newer


NEWER = {"TypeAlias", "TemplateStr", "Interpolation"}
"""Python 3.12 and 3.14."""


@pytest.mark.parametrize("refused", WRITTEN, ids=lambda python_class: python_class.__name__)
def test_refused_with_reason_and_help(refused: type[ast.AST]) -> None:
    (finding,) = refused_constructs(source_of(WRITTEN[refused]))
    row = REFUSED[refused]
    assert finding.code == "refused-syntax"
    assert finding.message == f"{row.what} cannot be compiled: {row.reason}"
    assert finding.help == row.help
    assert finding.help
    assert finding.span.line in (2, 3)
    assert finding.span.column >= 4
