"""Room in ring buffers: reserved, and then submitted or discarded once."""

from __future__ import annotations

from osmia.diagnostics import Diagnostic, Span


def leaked_reservation(span: Span, ring: str, line: int, where: str) -> Diagnostic:
    """Room that is still held where the program, or a turn of a loop, ends."""
    return Diagnostic(
        "leaked-reservation",
        span,
        f"what `{ring}.reserve()` gave in line {line} is not submitted or discarded on every way to {where}",
        f"call `{ring}.submit(event)` or `{ring}.discard(event)` before it; "
        "the kernel refuses a program that keeps room",
    )


def used_after_release(span: Span, name: str, ring: str) -> Diagnostic:
    """An event that was submitted or discarded already, on some way at least."""
    return Diagnostic(
        "used-after-release",
        span,
        f"`{name}` was submitted or discarded already: its room belongs to the reader of `{ring}` now",
        "keep what is needed later in a variable of its own, and submit last",
    )


def released_in_loop(span: Span, ring: str, line: int) -> Diagnostic:
    """Room from before a loop that is given back in a turn which another one may follow."""
    return Diagnostic(
        "released-in-loop",
        span,
        f"this turn gives back what `{ring}.reserve()` gave in line {line}, before the loop; "
        "the next turn would do so again",
        "submit or discard it behind the loop, or `break` after it",
    )


def not_reserved(span: Span, what: str, ring: str) -> Diagnostic:
    """`submit` or `discard` of something else than what `reserve` gave."""
    return Diagnostic(
        "not-reserved",
        span,
        f"{what} is not what `{ring}.reserve()` gave",
        f"send a struct of your own with `{ring}.output(event)`",
    )
