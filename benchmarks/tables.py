"""Tables of text, for the terminal and for a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Table = Sequence[Sequence[str]]
"""Rows of cells; the first row names the columns."""


def terminal(table: Table) -> str:
    """A table in columns, numbers to the right."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]

    def line(row: Sequence[str]) -> str:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return "  ".join(cells).rstrip()

    return "\n".join(map(line, table))


def markdown(table: Table) -> str:
    """A table in Markdown."""
    rule = ["---", *("--:" for _ in table[0][1:])]
    write: Callable[[Sequence[str]], str] = lambda row: f"| {' | '.join(row)} |"  # noqa: E731
    return "\n".join(map(write, (table[0], rule, *table[1:])))
