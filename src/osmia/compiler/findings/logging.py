"""Log lines."""

from __future__ import annotations

from osmia.diagnostics import Diagnostic, Span


def log_message(span: Span) -> Diagnostic:
    """A log call whose message is no literal."""
    return Diagnostic(
        "log-message",
        span,
        "a log message is one string literal or f-string",
        'write `log.info(f"count {count}")`',
    )


def log_format(span: Span) -> Diagnostic:
    """A conversion or a computed format in a log message."""
    return Diagnostic(
        "log-format",
        span,
        "`!r`, `!a` and computed formats have no meaning for the values of a log message",
        "write `{value}` or a fixed format such as `{value:x}`",
    )


def log_value(span: Span, type_name: str) -> Diagnostic:
    """A logged value that user space could not print."""
    return Diagnostic(
        "log-value",
        span,
        f"`{type_name}` cannot be logged",
        "log integers, bools, enumerations and addresses",
    )
