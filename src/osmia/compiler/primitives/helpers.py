"""Kernel helpers: the functions of the vocabulary, and what a call of each of them becomes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from osmia.compiler import findings
from osmia.compiler.check import kernel_functions
from osmia.compiler.check.context import Checker
from osmia.compiler.check.helper_rules import may_call, packet_moved
from osmia.compiler.check.values import (
    Absent,
    Context,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Static,
    Value,
    scalar,
)
from osmia.compiler.ir.operands import Null, Number, Operand
from osmia.compiler.ir.ops import ContextAddress
from osmia.compiler.ir.types import (
    I32,
    I64,
    U16,
    U32,
    U64,
    BoolType,
    IntegerType,
    PointerType,
    Space,
)
from osmia.compiler.primitives import kernel_memory, local_storage, maps, tracing
from osmia.compiler.primitives.method import Call, MethodRow
from osmia.diagnostics import Span
from osmia.lang import helpers, kernel_helpers, kernel_structs, kfuncs
from osmia.lang.local_storage import current_task
from osmia.lang.maps import Map
from osmia.uapi import HELPERS
from osmia.uapi.helper_arguments import (
    CHANGES_PACKET,
    MAP_TYPES,
    PROTOTYPES,
    READS_PACKET,
    Argument,
    ArgumentKind,
)

_TYPES = {kind.name: kind for kind in (I32, I64, U16, U32, U64, IntegerType("be16", 16, big_endian=True))}
_OWN = frozenset({Space.STACK, Space.MAP_VALUE, Space.SHARED_MAP_VALUE, Space.RING_BUFFER})
"""Where a helper may write, and read without a copy."""


def call_helper(checker: Checker, receiver: Value, call: Call, *, name: str) -> Value:
    """A helper of the kernel's table, its arguments in the order of its prototype."""
    if not may_call(checker, name):
        return Poison()
    prototype = PROTOTYPES[name]
    given = {
        argument.name: (value, span)
        for argument, value, span in zip(prototype.written, call.values, call.spans, strict=True)
    }
    operands: dict[str, Operand] = {}
    sizes: dict[str, int] = {}
    declaration: Map | None = None
    for argument in prototype.arguments:
        if argument.kind is ArgumentKind.SIZE:
            operands[argument.name] = Number(sizes[argument.of], _TYPES[argument.type])
            continue
        value, span = given[argument.name]
        if argument.kind is ArgumentKind.MAP:
            declaration = _declaration(checker, name, value, span)
            operand = (
                None
                if declaration is None
                else maps.address(checker, maps.definition_of(checker, declaration))
            )
        elif argument.kind is ArgumentKind.KEY:
            operand = None if declaration is None else _key(checker, declaration, value, span)
        elif argument.kind in (ArgumentKind.READ, ArgumentKind.WRITE):
            operand, sizes[argument.name] = _memory(checker, name, argument, value, span)
        else:
            operand = _plain(checker, argument, value, span)
        if operand is None:
            return Poison()
        operands[argument.name] = operand
    result = checker.helper(HELPERS[name].id, name, _TYPES.get(prototype.result, I64), *operands.values())
    if name in CHANGES_PACKET:
        packet_moved(checker)
    return scalar(result) if prototype.result else Absent()


def _plain(checker: Checker, argument: Argument, value: Value, span: Span) -> Operand | None:
    """The context, or a number."""
    if argument.kind is ArgumentKind.CONTEXT:
        if not isinstance(value, Context):
            checker.report(findings.type_mismatch(span, checker.context_type.__name__, str(value)))
            return None
        address = checker.builder.register(PointerType(None, Space.CONTEXT))
        checker.builder.emit(ContextAddress(address))
        return address
    if argument.kind is ArgumentKind.BYTES and isinstance(value, Scalar):
        if isinstance(value.type, BoolType):
            checker.report(findings.type_mismatch(span, "an integer", str(value)))
            return None
        plain = IntegerType(f"u{value.type.bits}", value.type.bits)
        return checker.convert(scalar(checker.reinterpret(value.operand, plain)), U64).operand
    kind = _TYPES[argument.type or "u64"]
    fitted = checker.fit(value, kind, span)
    return fitted.operand if isinstance(fitted, Scalar) else None


def _declaration(checker: Checker, name: str, value: Value, span: Span) -> Map | None:
    if not isinstance(value, Static) or not isinstance(value.value, Map):
        checker.report(findings.type_mismatch(span, "a map", str(value)))
        return None
    expected = MAP_TYPES[name]
    if value.value.map_type not in expected:
        names = ", ".join(each.name for each in sorted(expected))
        checker.report(findings.helper_map(span, name, value.value.map_type.name, names))
        return None
    return value.value


def _key(checker: Checker, declaration: Map, value: Value, span: Span) -> Operand | None:
    kind = checker.module.maps[declaration].key
    assert kind is not None
    fitted = checker.fit(value, kind, span)
    return checker.in_memory(fitted, "key", _OWN) if isinstance(fitted, Scalar | Reference) else None


def _memory(
    checker: Checker, name: str, argument: Argument, value: Value, span: Span
) -> tuple[Operand | None, int]:
    """The address of a buffer, and its size."""
    if isinstance(value, Absent) and argument.optional:
        return Null(PointerType(None, Space.STACK)), 0
    writes = argument.kind is ArgumentKind.WRITE
    expected = "a struct or an array" if writes else "a struct, an array or an integer with a width"
    if argument.size:
        expected += f" of {argument.size} bytes"
    if isinstance(value, Reference):
        if isinstance(checker.present(value, span), Poison):
            return None, 0
        pointee = value.type.pointee
        size = 0 if pointee is None else pointee.size
        right = bool(size) and (not writes or value.type.space in _OWN)
    else:
        size = value.type.size if isinstance(value, Scalar) else 0
        right = isinstance(value, Scalar) and not writes
    if not right or (argument.size and size != argument.size):
        help_text = "make it before the call: the helper writes into it" if writes else ""
        if isinstance(value, PlainInt):
            help_text = "give it a width, such as `u32(…)`"
        elif isinstance(value, Reference) and writes:
            place = f"a struct or an array of yours, not one in a {value.type.space.value}"
            expected = expected if value.type.space in _OWN else place
        checker.report(findings.type_mismatch(span, expected, str(value), help_text))
        return None, 0
    if writes:
        assert isinstance(value, Reference)
        return value.operand, size
    spaces = _OWN | {Space.PACKET} if name in READS_PACKET else _OWN
    return checker.in_memory(value, f"{name} {argument.name}", spaces), size


def _row(name: str) -> MethodRow:
    names = tuple(argument.name for argument in PROTOTYPES[name].written)
    return MethodRow(names, partial(call_helper, name=name))


def on_context(name: str) -> MethodRow:
    """A helper as a method of the context, which is its first argument."""

    def emit(checker: Checker, receiver: Value, call: Call) -> Value:
        spans = (call.span, *call.spans)
        return call_helper(checker, receiver, Call((receiver, *call.values), spans, call.span), name=name)

    return MethodRow(tuple(argument.name for argument in PROTOTYPES[name].written[1:]), emit)


HELPER_CALLS: dict[Callable[..., object], MethodRow] = {
    helpers.ktime_get_ns: _row("ktime_get_ns"),
    helpers.get_prandom_u32: _row("get_prandom_u32"),
    helpers.get_smp_processor_id: _row("get_smp_processor_id"),
    **{getattr(kernel_helpers, name): _row(name) for name in kernel_helpers.__all__},
    kfuncs.kfunc_exists: MethodRow(("function",), kernel_functions.exists),
    helpers.probe_read_user_str: MethodRow(("type", "address"), tracing.probe_read_user_str),
    helpers.probe_read_kernel_str: MethodRow(("type", "address"), tracing.probe_read_kernel_str),
    current_task: MethodRow(("struct",), local_storage.current_task),
    kernel_structs.kernel_pointer: MethodRow(("struct", "address"), kernel_memory.kernel_pointer),
    kernel_structs.kernel_address: MethodRow(("struct",), kernel_memory.kernel_address),
    kernel_structs.field_exists: MethodRow(("field",), kernel_memory.field_exists),
    kernel_structs.field_offset: MethodRow(("field",), kernel_memory.field_offset),
    kernel_structs.field_size: MethodRow(("field",), kernel_memory.field_size),
    kernel_structs.type_exists: MethodRow(("struct",), kernel_memory.type_exists),
    kernel_structs.type_size: MethodRow(("struct",), kernel_memory.type_size),
}
"""The functions that are helpers; their receiver is the function itself."""
