"""Timers in the values of maps."""

from __future__ import annotations

from osmia.diagnostics import Diagnostic, Span


def timer_elsewhere(span: Span, space: str) -> Diagnostic:
    """A timer that is not in the value of a map."""
    return Diagnostic(
        "timer-elsewhere",
        span,
        f"this timer lies in {space} memory, which is gone before it could call anything",
        "start the timer of what `lookup` gave, after the entry was inserted",
    )


def timer_in_tracing(span: Span) -> Diagnostic:
    """A timer in a program that interrupts the kernel."""
    return Diagnostic(
        "timer-in-tracing",
        span,
        "the kernel lets no kprobe, tracepoint or perf event use a map with timers",
        "write it as `@fentry` or `@btf_tracepoint`, or look at the clock in the next event",
    )


def timer_callback(span: Span, what: str, help_text: str) -> Diagnostic:
    """What a timer cannot call."""
    return Diagnostic("timer-callback", span, what, help_text)
