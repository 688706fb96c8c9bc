"""Syntax, control flow, functions and calls."""

from __future__ import annotations

from osmia.diagnostics import Diagnostic, Span


def refused_syntax(span: Span, what: str, reason: str, help_text: str) -> Diagnostic:
    """Python that has no meaning in the kernel, from the table of refused constructs."""
    return Diagnostic("refused-syntax", span, f"{what} cannot be compiled: {reason}", help_text)


def not_callable(span: Span, what: str, help_text: str = "") -> Diagnostic:
    """A call of what has no meaning in the kernel."""
    return Diagnostic("not-callable", span, f"{what} cannot be called in kernel code", help_text)


def wrong_arguments(span: Span, what: str, expected: str) -> Diagnostic:
    """A call with other arguments than the callee takes."""
    return Diagnostic("wrong-arguments", span, f"`{what}` takes {expected}")


def missing_annotation(span: Span, function: str, what: str) -> Diagnostic:
    """A parameter or result without a type."""
    return Diagnostic(
        "missing-annotation",
        span,
        f"{what} of `{function}` has no type: the compiler does not guess",
        "annotate it, as in `def f(port: u16) -> bool:`",
    )


def missing_return(span: Span, function: str, type_name: str) -> Diagnostic:
    """A path that ends without a result."""
    return Diagnostic(
        "missing-return",
        span,
        f"`{function}` can end without returning a `{type_name}`",
        "return on every path",
    )


def unreachable(span: Span) -> Diagnostic:
    """A statement behind `return`, `break` or `continue`."""
    return Diagnostic("unreachable-code", span, "this is never reached", "take it away")


def unreachable_case(span: Span) -> Diagnostic:
    """A pattern behind one that always fits."""
    message = "this is never reached: what stands before it takes all that comes here"
    return Diagnostic("unreachable-code", span, message, "take it away, or put it first")


def recursion(span: Span, function: str) -> Diagnostic:
    """A function that calls itself, directly or through others."""
    return Diagnostic(
        "recursion",
        span,
        f"`{function}` calls itself: the kernel's stack has 512 bytes",
        "write a bounded loop",
    )


def unbounded_loop(span: Span) -> Diagnostic:
    """A loop that nothing ends."""
    return Diagnostic(
        "unbounded-loop",
        span,
        "this loop has no end: the verifier wants a bound it can see",
        "write `for i in range(n):`, or leave it with `break` or `return`",
    )


def not_iterable(span: Span, what: str, help_text: str = "") -> Diagnostic:
    """A loop over, or an unpacking of, what has no known number of items."""
    message = f"`{what}` has no items whose number is known"
    return Diagnostic("not-iterable", span, message, help_text or "unpack a tuple or an array")


def uneven_tuple(span: Span, what: str) -> Diagnostic:
    """A loop over a tuple whose values no one name can stand for."""
    message = f"a turn has one of the values of `{what}`, and they are not of one type"
    return Diagnostic("not-iterable", span, message, "give numbers of one type, or tuples of such")


def loop_changes_array(span: Span, name: str) -> Diagnostic:
    """A loop that gives the name of the array it goes over to another array."""
    return Diagnostic(
        "loop-changes-array",
        span,
        f"the loop goes over `{name}` and sets it to another array, whose memory may be the same",
        "set its elements, or take another name",
    )


def unpacked_count(span: Span, names: int, values: object) -> Diagnostic:
    """An unpacking into more or fewer targets than there are values."""
    what = f"{values} values" if isinstance(values, int) else f"the elements of `{values}`"
    return Diagnostic("unpacked-count", span, f"{names} targets cannot take {what}", "write one for each")


def tuple_value(span: Span) -> Diagnostic:
    """A name for a whole tuple."""
    return Diagnostic(
        "tuple-value",
        span,
        "a tuple has no place in the kernel's memory, so it cannot have a name",
        "unpack it, `a, b = …`, or make a @struct of it",
    )


def kernel_name(span: Span, what: str, name: str) -> Diagnostic:
    """A name that may not stand in an object."""
    return Diagnostic(
        "kernel-name",
        span,
        f"{what} `{name}`: names in the kernel are made of the letters a to z, digits and `_`",
        "take another name",
    )


def too_large(span: Span, function: str, most: int) -> Diagnostic:
    """A program that grew beyond all measure, as functions that are called often are inlined each time."""
    return Diagnostic(
        "program-too-large",
        span,
        f"`{function}` has more than {most} operations, the functions it calls included",
        "call fewer functions, or call them in a loop",
    )


def too_deep(span: Span, function: str) -> Diagnostic:
    """Expressions or statements nested too deeply for the compiler."""
    return Diagnostic(
        "nested-too-deep",
        span,
        f"`{function}` is nested too deeply to be compiled",
        "use variables for parts of it",
    )


def backend_refused(span: Span, function: str, words: str) -> Diagnostic:
    """What LLVM refuses and the checker let pass."""
    return Diagnostic("backend", span, f"LLVM cannot compile `{function}` for BPF: {words}")
