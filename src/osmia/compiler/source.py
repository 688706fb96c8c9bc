"""A Python function as source: its syntax tree with true positions, and what its names mean."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from osmia.dataclass import dataclass
from osmia.diagnostics import SourceMap, Span
from osmia.errors import UsageError
from osmia.lang.references import captured_names


@dataclass(frozen=True)
class FunctionSource:
    """The source of one function. `names` are its closure and globals, captured as constants."""

    function: FunctionType
    node: ast.FunctionDef
    """An `async def` stands here as a plain one, marked by `is_async`."""
    source_map: SourceMap
    names: Mapping[str, Any]
    is_async: bool = False

    @property
    def filename(self) -> str:
        """The file that the function stands in."""
        return self.source_map.filename

    def evaluate(self, annotation: ast.expr) -> Any:
        """What an annotation means where the function stands."""
        if isinstance(annotation, ast.Name) and annotation.id in self.names:
            return self.names[annotation.id]
        expression = ast.Expression(annotation)
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            expression = ast.parse(annotation.value, mode="eval")
        code = compile(expression, self.filename, "eval")
        return eval(code, {**vars(builtins), **self.names})  # noqa: S307 - the user's own module

    def span_of_name(self) -> Span:
        """The span of the function's name in its `def` line."""
        line = self.node.lineno
        text = self.source_map.line_text(line)
        column = max(text.find(self.node.name, text.find("def") + len("def")), 0)
        return Span(self.filename, line, column, line, column + len(self.node.name), text)


def read_function(function: FunctionType) -> FunctionSource:
    """Parse a function's source; UsageError where there is none (a function made at a prompt)."""
    node, source_map, is_async = _parsed(function)
    return FunctionSource(function, node, source_map, captured_names(function), is_async)


@functools.lru_cache(maxsize=256)
def _parsed(function: FunctionType) -> tuple[ast.FunctionDef, SourceMap, bool]:
    """The tree, once for all the places that the function is inlined into."""
    try:
        lines, first_line = inspect.getsourcelines(function)
    except (OSError, TypeError):
        raise UsageError(
            f"the source of {function.__qualname__!r} cannot be found",
            "a kernel function must stand in a file, not at a prompt or in a string",
        ) from None
    text = "".join(lines)
    indented = text[:1].isspace()
    try:
        tree = ast.parse("if 1:\n" + text if indented else text)
    except SyntaxError:
        # A lambda over several lines: what inspect takes for its source is a fragment.
        tree = ast.Module([], [])
    ast.increment_lineno(tree, first_line - (2 if indented else 1))
    body = tree.body[0].body if tree.body and isinstance(tree.body[0], ast.If) else tree.body
    node = body[0] if body else None
    is_async = isinstance(node, ast.AsyncFunctionDef)
    if isinstance(node, ast.AsyncFunctionDef):
        node = ast.copy_location(ast.FunctionDef(**dict(ast.iter_fields(node))), node)
    if not isinstance(node, ast.FunctionDef):
        raise UsageError(f"{function.__qualname__!r} is not a plain function", "write it with `def`")
    source_map = SourceMap(function.__code__.co_filename, tuple(lines), first_line)
    return node, source_map, is_async
