"""Positions in source text, in characters (the `ast` module counts bytes)."""

from __future__ import annotations

import ast

from osmia.dataclass import dataclass


@dataclass(frozen=True)
class Span:
    """A piece of a source file. Lines count from 1, columns (characters) from 0; the end is exclusive."""

    filename: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str = ""
    """The whole first line, without its line end."""

    def quote(self) -> str:
        """The line with a caret under the span, as the stock traceback draws it."""
        stripped = self.text.lstrip()
        indent = self.column - (len(self.text) - len(stripped))
        width = self.end_column - self.column if self.end_line == self.line else len(self.text) - self.column
        location = f'  File "{self.filename}", line {self.line}'
        if not stripped:
            return location
        return f"{location}\n    {stripped.rstrip()}\n    {' ' * max(indent, 0)}{'^' * max(width, 1)}"


@dataclass(frozen=True)
class SourceMap:
    """One source file's text, to make spans from `ast` positions.

    `first_line` is the line number, in the file, of `lines[0]`.
    """

    filename: str
    lines: tuple[str, ...]
    first_line: int = 1

    def span(
        self, node: ast.expr | ast.stmt | ast.arg | ast.keyword | ast.pattern | ast.excepthandler
    ) -> Span:
        """The span of a node whose line numbers count from `first_line`."""
        end_line = node.end_lineno if node.end_lineno is not None else node.lineno
        end_column = node.end_col_offset if node.end_col_offset is not None else node.col_offset + 1
        return Span(
            self.filename,
            node.lineno,
            self.characters(node.lineno, node.col_offset),
            end_line,
            self.characters(end_line, end_column),
            self.line_text(node.lineno),
        )

    def line_text(self, line: int) -> str:
        """The text of a line, or an empty string where it is not known."""
        index = line - self.first_line
        return self.lines[index].rstrip("\n") if 0 <= index < len(self.lines) else ""

    def characters(self, line: int, byte_offset: int) -> int:
        """The character column of a byte column."""
        return len(self.line_text(line).encode()[:byte_offset].decode(errors="replace"))
