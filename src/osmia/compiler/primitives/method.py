"""A method of the vocabulary: how many arguments it takes, and the function that emits its meaning."""

from __future__ import annotations

from collections.abc import Callable

from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Value
from osmia.dataclass import dataclass
from osmia.diagnostics import Span


@dataclass(frozen=True)
class Call:
    """The checked arguments of a call, their spans, and the span of the whole."""

    values: tuple[Value, ...]
    spans: tuple[Span, ...]
    span: Span


Emit = Callable[[Checker, Value, Call], Value]
"""Emits what a method means: on what it is called, and with what."""


@dataclass(frozen=True)
class MethodRow:
    """A method's parameters, for the message when the count is wrong, and its meaning."""

    parameters: tuple[str, ...] | None
    """None where they depend on what the method is called on: then `emit` counts them."""
    emit: Emit
