"""Maps, structs, arrays, packets and the stack."""

from __future__ import annotations

from osmia.diagnostics import Diagnostic, Span


def unchecked_lookup(span: Span, what: str, source: str) -> Diagnostic:
    """A result that may be None, used as if it were not."""
    return Diagnostic(
        "unchecked-lookup",
        span,
        f"{what} may be None: {source}",
        "test it first: `if … is None: return …`",
    )


def never_none(span: Span, what: str) -> Diagnostic:
    """A test for None of what is never None."""
    return Diagnostic("never-none", span, f"{what} is never None", "take the test away")


def module_struct(span: Span, type_name: str) -> Diagnostic:
    """A struct or array of the module, used in kernel code."""
    return Diagnostic(
        "module-struct",
        span,
        f"a `{type_name}` of the module has no place in the kernel's memory",
        "build it in the function, or keep it in an ArrayMap of one entry",
    )


def no_entries(span: Span, map_type: str, help_text: str = "send events with `output`") -> Diagnostic:
    """An entry of a map whose entries kernel functions do not set one by one."""
    return Diagnostic("no-entries", span, f"`{map_type}` has no entries", help_text)


def fixed_entries(span: Span, map_type: str) -> Diagnostic:
    """`del` on an entry of an array."""
    message = f"the entries of `{map_type}` are always there: none can be deleted"
    return Diagnostic("fixed-entries", span, message, "set it to zero")


def read_only(span: Span, text: str, what: str, help_text: str) -> Diagnostic:
    """Setting what can only be read."""
    return Diagnostic("read-only", span, f"`{text}` is {what}: it cannot be set here", help_text)


def map_read(span: Span, name: str) -> Diagnostic:
    """`m[k]` read as a value."""
    return Diagnostic(
        "map-read",
        span,
        f"`{name}[…]` can only be set: the key may be absent",
        f"read it with `value = {name}.lookup(key)` and test `value is None`",
    )


def map_operator(span: Span, operator: str) -> Diagnostic:
    """`m[k] op= n` for another operator than `+` and `-`."""
    return Diagnostic(
        "map-operator",
        span,
        f"`{operator}` on a map entry is not one step in the kernel, another processor could come between",
        "use `+=` or `-=`, or look the value up and change it there",
    )


def atomic_width(span: Span, type_name: str) -> Diagnostic:
    """`+=` on a shared value that is too narrow."""
    return Diagnostic(
        "atomic-width",
        span,
        f"the kernel adds atomically to 32 and 64 bits only, not to `{type_name}`",
        "make the value u32 or u64, or use a per-CPU map",
    )


def atomic_in_packet(span: Span) -> Diagnostic:
    """A method of an `Atomic` that lies in a packet."""
    return Diagnostic(
        "atomic-in-packet",
        span,
        "the kernel changes no bytes of a packet in one step",
        "no other processor has this packet: make the field a plain integer",
    )


def index_unproven(span: Span, length: int) -> Diagnostic:
    """An array index that may be out of range."""
    if length & (length - 1) == 0:
        help_text = f"mask it in place: `[… & {length - 1}]`"
    else:
        help_text = f"take the remainder in place: `[… % {length}]`"
    return Diagnostic(
        "index-range", span, f"nothing proves that this index is from 0 to {length - 1}", help_text
    )


def stack_limit(span: Span, function: str, bytes_used: int) -> Diagnostic:
    """More local memory than the kernel gives."""
    size = f"about {bytes_used} bytes" if bytes_used else "more than 512 bytes"
    return Diagnostic(
        "stack-limit",
        span,
        f"`{function}` needs {size} of stack, the kernel gives 512",
        "keep large structs in a PerCpuArray of one entry",
    )
