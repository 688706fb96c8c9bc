"""Every finding that the compiler reports, with its code and its prose."""

from __future__ import annotations

import difflib

from osmia.diagnostics import Diagnostic, Span

_MOST_NAMES = 16
"""Attributes that a message lists."""


def refused_syntax(span: Span, what: str, reason: str, help_text: str) -> Diagnostic:
    """Python that has no meaning in the kernel, from the table of refused constructs."""
    return Diagnostic("refused-syntax", span, f"{what} cannot be compiled: {reason}", help_text)


def unknown_name(span: Span, name: str) -> Diagnostic:
    """A name that neither the function nor its module knows."""
    return Diagnostic("unknown-name", span, f"the name `{name}` is not defined here")


def unassigned(span: Span, name: str) -> Diagnostic:
    """A local variable that some path leaves unset."""
    return Diagnostic(
        "unassigned", span, f"`{name}` is not set on every path to here", f"set `{name}` before the branch"
    )


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


def plain_int_operator(span: Span, operator: str, width: str = "u64") -> Diagnostic:
    """An operator on plain ints whose result is not known to fit 64 bits."""
    return Diagnostic(
        "unsupported-operator",
        span,
        f"`{operator}` of plain ints could leave 64 bits, or differ from Python",
        f"give both sides a width: `{width}(…)`",
    )


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


def no_attribute(span: Span, type_name: str, name: str, known: tuple[str, ...]) -> Diagnostic:
    """A field, method or member that does not exist."""
    near = difflib.get_close_matches(name, known, 1)
    has = f"it has: {', '.join(known[:_MOST_NAMES])}" if known else ""
    help_text = f"did you mean `{near[0]}`?" if near else has
    return Diagnostic("no-attribute", span, f"`{type_name}` has no `{name}` in kernel code", help_text)


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


def index_unproven(span: Span, length: int) -> Diagnostic:
    """An array index that may be out of range."""
    if length & (length - 1) == 0:
        help_text = f"mask it in place: `[… & {length - 1}]`"
    else:
        help_text = f"take the remainder in place: `[… % {length}]`"
    return Diagnostic(
        "index-range", span, f"nothing proves that this index is from 0 to {length - 1}", help_text
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


def assigned_outside(span: Span, name: str) -> Diagnostic:
    """`x += 1` for a name of the module."""
    return Diagnostic(
        "global-rebinding",
        span,
        f"`{name}` belongs to the module: it is a constant in the kernel",
        "keep what changes in a map, or take another name for the local variable",
    )


def rebound(span: Span, name: str, what: str) -> Diagnostic:
    """A name set again that stands for something fixed."""
    return Diagnostic(
        "rebound-name",
        span,
        f"`{name}` already stands for {what} and cannot be set again",
        "take another name",
    )


def variable_type(span: Span, name: str, first: str, second: str) -> Diagnostic:
    """A variable set to values of two types."""
    return Diagnostic(
        "variable-type",
        span,
        f"`{name}` is `{first}` and cannot become `{second}`",
        "convert the value, or take another name",
    )


def aliased_struct(span: Span, name: str) -> Diagnostic:
    """A second name for a struct that a loop builds anew."""
    return Diagnostic(
        "aliased-struct",
        span,
        f"`{name}` would share memory with another variable, which is built anew later",
        "build a new struct of its fields",
    )


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


def text_value(span: Span) -> Diagnostic:
    """A string outside of a log call."""
    return Diagnostic(
        "text-value", span, "the kernel has no strings: text can only be logged", 'write `log.info("…")`'
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


def stack_limit(span: Span, function: str, bytes_used: int) -> Diagnostic:
    """More local memory than the kernel gives."""
    size = f"about {bytes_used} bytes" if bytes_used else "more than 512 bytes"
    return Diagnostic(
        "stack-limit",
        span,
        f"`{function}` needs {size} of stack, the kernel gives 512",
        "keep large structs in a PerCpuArray of one entry",
    )


def backend_refused(span: Span, function: str, words: str) -> Diagnostic:
    """What LLVM refuses and the checker let pass."""
    return Diagnostic("backend", span, f"LLVM cannot compile `{function}` for BPF: {words}")
