"""What can be wrong with an expression, as findings with a code, a caret and advice."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from osmia.diagnostics import Diagnostic, Span

__all__ = [
    "no_syntax",
    "no_text_length",
    "not_a_list",
    "out_of_range",
    "refused",
    "unknown_field",
    "unknown_name",
    "unusable_field",
    "wrong_operands",
    "wrong_result",
]

_ALLOWED = "names, numbers, texts, arithmetic, comparisons, `in`, `and`, `or`, `not` and `a if b else c`"


def no_syntax(span: Span, reason: str) -> Diagnostic:
    """Text that Python cannot parse."""
    return Diagnostic("trace-syntax", span, f"this is no Python expression: {reason}")


def not_a_list(span: Span) -> Diagnostic:
    """Several expressions where one is wanted."""
    return Diagnostic("trace-syntax", span, "one expression is expected here, not several")


def refused(span: Span, what: str) -> Diagnostic:
    """Python that expressions of a probe cannot have."""
    return Diagnostic("trace-refused", span, f"{what} cannot run at a probe", f"there are {_ALLOWED}")


def unknown_name(span: Span, name: str, known: Iterable[str], probe: str) -> Diagnostic:
    """A name that a probe does not have."""
    names = sorted(known)
    return Diagnostic("trace-name", span, f"{probe} has no {name!r}", _suggestion(name, names))


def unknown_field(span: Span, name: str, known: Iterable[str], probe: str) -> Diagnostic:
    """`args.NAME` for a field that a tracepoint does not have."""
    names = sorted(known)
    help_text = _suggestion(name, names) if names else "only tracepoints have `args`"
    return Diagnostic("trace-name", span, f"{probe} hands out no field {name!r}", help_text)


def unusable_field(span: Span, name: str, probe: str) -> Diagnostic:
    """A field of a kind that has no value here."""
    return Diagnostic("trace-type", span, f"the field {name!r} of {probe} is neither a number nor a text")


def wrong_operands(span: Span, operator: str, kinds: str, help_text: str = "") -> Diagnostic:
    """An operator or function for other kinds of operands."""
    return Diagnostic("trace-type", span, f"{operator} is not for {kinds}", help_text)


def wrong_result(span: Span, wanted: str, kind: str) -> Diagnostic:
    """A whole expression of the wrong kind."""
    return Diagnostic("trace-type", span, f"{wanted} is expected here, this is {kind}")


def out_of_range(span: Span, number: int, low: int, high: int) -> Diagnostic:
    """A number that the other side, or an index, cannot have."""
    return Diagnostic("trace-range", span, f"{number} is not between {low} and {high}")


def no_text_length(span: Span, most: int) -> Diagnostic:
    """A text that is longer than what it is compared with."""
    return Diagnostic("trace-range", span, f"this text is never found: there are at most {most} bytes")


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(known)}"
