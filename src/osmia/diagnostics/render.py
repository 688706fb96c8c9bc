"""The one printer of diagnostics."""

from __future__ import annotations

from collections.abc import Iterable

from osmia.diagnostics.diagnostic import Diagnostic


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """All findings as text, in the form of Python's own syntax errors."""
    return "\n".join(_render_one(diagnostic) for diagnostic in diagnostics)


def _render_one(diagnostic: Diagnostic) -> str:
    lines = [diagnostic.span.quote(), f"CompileError: {diagnostic.message} [{diagnostic.code}]"]
    lines += [f"note: {note}" for note in diagnostic.notes]
    if diagnostic.help:
        lines.append(f"help: {diagnostic.help}")
    return "\n".join(lines)
