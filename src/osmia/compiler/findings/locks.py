"""Spin locks in the values of maps."""

from __future__ import annotations

from osmia.diagnostics import Diagnostic, Span


def not_a_lock(span: Span, what: str) -> Diagnostic:
    """`with` of something that is no lock."""
    return Diagnostic(
        "not-a-lock",
        span,
        f"`with` takes the SpinLock of a map's value: `{what}` has no scope to enter and leave",
        "call what you need in order",
    )


def lock_elsewhere(span: Span, space: str) -> Diagnostic:
    """A lock that is not in the value of a map."""
    return Diagnostic(
        "lock-elsewhere",
        span,
        f"this lock lies in {space} memory, which no other processor shares",
        "take the lock of what `lookup` gave",
    )


def nested_lock(span: Span) -> Diagnostic:
    """A second lock while one is held."""
    return Diagnostic(
        "nested-lock",
        span,
        "a lock is held here already, and the kernel lets a program hold one at a time",
        "leave the first `with` block before",
    )


def lock_in_tracing(span: Span) -> Diagnostic:
    """A lock in a tracing program."""
    return Diagnostic(
        "lock-in-tracing",
        span,
        "a tracing program may interrupt who holds the lock, and would wait for ever: the kernel refuses it",
        "use `Atomic` fields, or a map with a value for each processor",
    )


def call_under_lock(span: Span, what: str) -> Diagnostic:
    """A call while a lock is held."""
    return Diagnostic(
        "call-under-lock",
        span,
        f"this calls {what} while a lock is held, which the kernel does not allow",
        "look up, read the clock and log before the `with` block or behind it",
    )
