"""Helpers: where the kernel does not offer them, what it takes, and what they leave behind."""

from __future__ import annotations

from osmia.diagnostics import Diagnostic, Span


def helper_program_type(span: Span, name: str, program_type: str, allowed: str, instead: str) -> Diagnostic:
    """A helper in a program of a type that may not call it."""
    help_text = f"here `{instead}` does that" if instead else f"these may call it: {allowed}"
    return Diagnostic(
        "helper-program-type",
        span,
        f"the kernel does not let programs of type {program_type} call `bpf_{name}`",
        help_text,
    )


def helper_map(span: Span, name: str, given: str, expected: str) -> Diagnostic:
    """A helper given a map of the wrong type."""
    return Diagnostic(
        "helper-map", span, f"`{name}` does not work on a map of type {given}", f"it takes: {expected}"
    )


def kfunc_type(span: Span, name: str, what: str) -> Diagnostic:
    """A kfunc declared with something that cannot be handed to the kernel."""
    return Diagnostic(
        "kfunc-type",
        span,
        f"the kernel function `{name}` cannot be declared with {what}",
        "it takes integers, bools, the context, structs and arrays by reference; it gives a number or None",
    )


def packet_moved(span: Span, name: str) -> Diagnostic:
    """What was read from a packet, used after the packet was moved."""
    return Diagnostic(
        "packet-moved",
        span,
        f"`{name}` points into a packet that a helper has moved since",
        "call `ctx.packet()` again and read it anew; take what you need out of it before the move",
    )
