"""Subprograms: what they take and give, and the stack of a chain of calls."""

from __future__ import annotations

from osmia.diagnostics import Diagnostic, Span


def subprogram_parameter(span: Span, function: str, what: str, help_text: str) -> Diagnostic:
    """A parameter that cannot be handed to a function of its own."""
    return Diagnostic(
        "subprogram-parameter", span, f"`{function}` is not inlined, so it cannot take {what}", help_text
    )


def subprogram_result(span: Span, function: str, type_name: str) -> Diagnostic:
    """A result that does not fit into a register."""
    return Diagnostic(
        "subprogram-result",
        span,
        f"`{function}` is not inlined, so it gives a number, a bool or None, not `{type_name}`",
        "fill a struct that the caller hands over, or let it be inlined",
    )


def tail_call_in_function(span: Span, function: str) -> Diagnostic:
    """A tail call in a function that is not inlined."""
    return Diagnostic(
        "tail-call-in-function",
        span,
        f"`{function}` is not inlined: a tail call in it would end only this function, not the program",
        "call it in the program itself, or in a function that is inlined",
    )


def kept_struct(span: Span, name: str) -> Diagnostic:
    """A loop that the kernel counts sets a variable, which is used outside of it, to a struct."""
    return Diagnostic(
        "kept-struct",
        span,
        f"`{name}` is used outside of this loop, whose turns are calls: here it cannot become another struct",
        f"make it before the loop, and set its fields in it: `{name}.field = …`",
    )


def call_stack(span: Span, chain: tuple[str, ...], frames: tuple[int, ...], most: int) -> Diagnostic:
    """A chain of calls whose frames do not fit on the stack together."""
    parts = " + ".join(f"`{name}` {size}" for name, size in zip(chain, frames, strict=True))
    return Diagnostic(
        "call-stack",
        span,
        f"this chain of calls needs {sum(frames)} bytes of stack, the kernel gives {most}: {parts}",
        "keep large structs in a PerCpuArray of one entry",
    )


def call_depth(span: Span, chain: tuple[str, ...], most: int) -> Diagnostic:
    """A chain of more calls than the kernel has frames."""
    return Diagnostic(
        "call-depth",
        span,
        f"{len(chain)} functions call each other in a row, the kernel allows {most}: {', '.join(chain)}",
        "let some of them be inlined",
    )
