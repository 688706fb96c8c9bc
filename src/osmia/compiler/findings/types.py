"""Types and numbers: what does not fit where it stands."""

from __future__ import annotations

from osmia.diagnostics import Diagnostic, Span


def type_mismatch(span: Span, expected: str, got: str, help_text: str = "") -> Diagnostic:
    """A value of one type where another is expected."""
    return Diagnostic("type-mismatch", span, f"expected `{expected}`, got `{got}`", help_text)


def mixed_types(span: Span, left: str, right: str) -> Diagnostic:
    """An operator between two types."""
    wider = left if _bits(left) >= _bits(right) else right
    narrow = "the right side" if wider == left else "the left side"
    return Diagnostic(
        "mixed-types",
        span,
        f"`{left}` and `{right}` do not mix: nothing is converted by itself",
        f"convert {narrow}: `{wider}(…)`",
    )


def _bits(name: str) -> int:
    digits = "".join(character for character in name if character.isdigit())
    return int(digits) if digits else 0


def too_wide(span: Span, number: int) -> Diagnostic:
    """A number that no integer of the kernel holds."""
    return Diagnostic(
        "literal-range", span, f"{number} does not fit 64 bits", "no integer of the kernel is wider: split it"
    )


def literal_out_of_range(span: Span, number: str, type_name: str, low: int, high: int) -> Diagnostic:
    """A number that the type cannot hold."""
    return Diagnostic(
        "literal-range",
        span,
        f"{number} does not fit `{type_name}` ({low} to {high})",
        f"write `{type_name}(…)` to wrap it around, or use a wider type",
    )


def no_width(span: Span, name: str) -> Diagnostic:
    """A plain int in a variable that changes."""
    return Diagnostic(
        "no-width",
        span,
        f"`{name}` is a plain int that changes: the kernel must know its width",
        f"give it one where it is first set: `{name} = u32(0)`",
    )


def plain_int(span: Span, what: str, type_name: str, help_text: str = "") -> Diagnostic:
    """A plain int where a width is expected."""
    message = f"{what} is a plain int, `{type_name}` is expected"
    return Diagnostic("no-width", span, message, help_text or f"write `{type_name}(…)`")


def unsupported_operator(span: Span, operator: str, type_name: str, help_text: str = "") -> Diagnostic:
    """An operator that the type does not have."""
    return Diagnostic(
        "unsupported-operator", span, f"`{operator}` is not defined for `{type_name}`", help_text
    )


def operand_of_and(span: Span, type_name: str) -> Diagnostic:
    """`a and b` or `a or b` as a value, of other operands than bools."""
    return Diagnostic(
        "type-mismatch",
        span,
        f"expected `bool`, got `{type_name}`: `and` and `or` give one of their sides",
        "compare it: `… != 0`, or `… is not None`",
    )


def empty_sum(span: Span, type_name: str) -> Diagnostic:
    """A sum that may be of nothing, which is a plain 0."""
    return Diagnostic(
        "no-width",
        span,
        f"this may be the sum of nothing: a plain int, not a `{type_name}`",
        f"begin with a number of that width: `sum(…, {type_name}(0))`",
    )


def empty_items(span: Span, name: str) -> Diagnostic:
    """The least or greatest of what may be nothing."""
    return Diagnostic(
        "maybe-empty",
        span,
        f"`{name}` of nothing would raise, and this may be nothing",
        "take a whole array, or write a loop that starts from a number",
    )


def plain_int_operator(span: Span, operator: str, width: str = "u64") -> Diagnostic:
    """An operator on plain ints whose result is not known to fit 64 bits."""
    return Diagnostic(
        "unsupported-operator",
        span,
        f"`{operator}` of plain ints could leave 64 bits, or differ from Python",
        f"give both sides a width: `{width}(…)`",
    )


def unknown_annotation(span: Span, text: str, reason: str) -> Diagnostic:
    """An annotation that means nothing where the function stands."""
    return Diagnostic(
        "unknown-annotation",
        span,
        f"the annotation `{text}` cannot be evaluated: {reason}",
        "import its names at the top of the module, and not only for type checkers",
    )


def no_layout(span: Span, what: str, help_text: str = "") -> Diagnostic:
    """A type that has no layout in memory."""
    return Diagnostic(
        "no-kernel-type",
        span,
        f"`{what}` is no type that the kernel knows",
        help_text or "use u8 to u64, i8 to i64, be16, be32, bool, a @struct class or Array[T, Literal[n]]",
    )


def bytes_length(span: Span, given: int, length: int, type_name: str) -> Diagnostic:
    """Bytes that an array is never equal to, or cannot be made of."""
    return Diagnostic(
        "bytes-length",
        span,
        f"{given} bytes are no `{type_name}`, which has {length}",
        "write as many; a `CharArray` also takes fewer, without a zero byte",
    )


def bytes_value(span: Span) -> Diagnostic:
    """A name for a bytes literal."""
    return Diagnostic(
        "bytes-value",
        span,
        "a bytes literal has no place in the kernel's memory, so it cannot have a name here",
        'name it in the module, or make an array: `Array[u8, Literal[4]].from_bytes(b"GET ")`',
    )


def text_value(span: Span) -> Diagnostic:
    """A string outside of a log call."""
    return Diagnostic(
        "text-value",
        span,
        "the kernel has no strings: text can only be logged",
        'write `log.info("…")`; name an address in the module: `SERVER = IPv4Address("192.0.2.1")`',
    )
