"""Names and attributes: what is unknown, unset, or means something else already."""

from __future__ import annotations

import difflib

from osmia.diagnostics import Diagnostic, Span

_MOST_NAMES = 16
"""Attributes that a message lists."""


def unknown_name(span: Span, name: str) -> Diagnostic:
    """A name that neither the function nor its module knows."""
    return Diagnostic("unknown-name", span, f"the name `{name}` is not defined here")


def unassigned(span: Span, name: str) -> Diagnostic:
    """A local variable that some path leaves unset."""
    return Diagnostic(
        "unassigned", span, f"`{name}` is not set on every path to here", f"set `{name}` before the branch"
    )


def no_attribute(span: Span, type_name: str, name: str, known: tuple[str, ...]) -> Diagnostic:
    """A field, method or member that does not exist."""
    near = difflib.get_close_matches(name, known, 1)
    has = f"it has: {', '.join(known[:_MOST_NAMES])}" if known else ""
    help_text = f"did you mean `{near[0]}`?" if near else has
    return Diagnostic("no-attribute", span, f"`{type_name}` has no `{name}` in kernel code", help_text)


def assigned_outside(span: Span, name: str) -> Diagnostic:
    """`x += 1` for a name of the module."""
    return Diagnostic(
        "global-rebinding",
        span,
        f"`{name}` belongs to the module: it is a constant in the kernel",
        "keep what changes in a `Global` or a map, or take another name for the local variable",
    )


def rebound(span: Span, name: str, what: str) -> Diagnostic:
    """A name set again that stands for something fixed."""
    return Diagnostic(
        "rebound-name",
        span,
        f"`{name}` already stands for {what} and cannot be set again",
        "take another name",
    )


def variable_type(span: Span, name: str, first: str, second: str) -> Diagnostic:
    """A variable set to values of two types."""
    return Diagnostic(
        "variable-type",
        span,
        f"`{name}` is `{first}` and cannot become `{second}`",
        "convert the value, or take another name",
    )


def aliased_struct(span: Span, name: str) -> Diagnostic:
    """A second name for a struct that a loop builds anew."""
    return Diagnostic(
        "aliased-struct",
        span,
        f"`{name}` would share memory with another variable, which is built anew later",
        "build a new struct of its fields",
    )
