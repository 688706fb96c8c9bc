"""Maps: what look-up, insertion, deletion and `+=` on an entry are in the kernel."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Absent, Context, Poison, Reference, Scalar, Static, Value, scalar
from osmia.compiler.ir.operands import MapDefinition, Number, Operand
from osmia.compiler.ir.ops import AtomicAdd, Binary, ContextAddress, Load, MapAddress, Store
from osmia.compiler.ir.types import (
    I64,
    SHARED,
    U32,
    U64,
    ArrayType,
    IntegerType,
    MemoryType,
    PointerType,
    Space,
    StructType,
    alignment_of,
)
from osmia.compiler.primitives.method import Call
from osmia.diagnostics import Span
from osmia.lang.events import EventMap
from osmia.lang.histograms import HistogramMap
from osmia.lang.local_storage import LocalStorage
from osmia.lang.map_of_maps import MapOfMaps
from osmia.lang.maps import Map
from osmia.lang.program_arrays import ProgramArray
from osmia.lang.redirect_maps import RedirectMap
from osmia.lang.socket_maps import SocketMap
from osmia.lang.stack_traces import StackTrace
from osmia.uapi import MapType, UpdateFlags

LOOKUP, _UPDATE, _DELETE = 1, 2, 3
_PERF_EVENT_OUTPUT = 25
_OUTPUT = frozenset({Space.STACK, Space.MAP_VALUE, Space.SHARED_MAP_VALUE, Space.MEMORY})
"""Where helpers that send events may read."""
_READABLE = _OUTPUT | {Space.PACKET}
"""Where map helpers may read keys and values."""
_CURRENT_CPU = 0xFFFF_FFFF


_ARRAYS = frozenset({MapType.ARRAY, MapType.PERCPU_ARRAY})


def has_entries(checker: Checker, declaration: Map, span: Span, *, delete: bool = False) -> bool:
    """Whether a map has entries that can be set, or deleted; reports where it has not."""
    name = type(declaration).__name__
    if declaration.key_type is None:
        checker.report(findings.no_entries(span, name))
    elif isinstance(declaration, HistogramMap):
        checker.report(findings.no_entries(span, name, "count a value with `record`"))
    elif isinstance(declaration, ProgramArray):
        checker.report(findings.no_entries(span, name, "go on with a program with `tail_call`"))
    elif isinstance(declaration, RedirectMap):
        checker.report(findings.no_entries(span, name, "send the frame there with `redirect`"))
    elif isinstance(declaration, SocketMap):
        checker.report(findings.no_entries(span, name, "user space puts sockets in"))
    elif isinstance(declaration, StackTrace):
        checker.report(findings.no_entries(span, name, "keep a stack with `capture_kernel`"))
    elif isinstance(declaration, MapOfMaps):
        checker.report(findings.no_entries(span, name, "user space puts maps in; get one with `lookup`"))
    elif isinstance(declaration, LocalStorage):
        checker.report(findings.no_entries(span, name, "take `lookup_or_create(owner)` and `delete(owner)`"))
    elif delete and declaration.map_type in _ARRAYS:
        checker.report(findings.fixed_entries(span, name))
    else:
        return True
    return False


def definition_of(checker: Checker, declaration: Map) -> MapDefinition:
    """The map as the object declares it."""
    return checker.module.maps[declaration]


def address(checker: Checker, definition: MapDefinition) -> Operand:
    """A helper's map argument."""
    if definition.pointer is not None:
        return definition.pointer
    result = checker.builder.register(PointerType(None, Space.MAP))
    checker.builder.emit(MapAddress(result, definition))
    return result


def declaration_of(receiver: Value) -> Map:
    """The map that a method is called on."""
    assert isinstance(receiver, Static)
    assert isinstance(receiver.value, Map)
    return receiver.value


def _types(checker: Checker, declaration: Map) -> tuple[MemoryType, MemoryType]:
    """The types of a key as kernel functions give it, and of a value."""
    key = checker.module.types.memory_type(declaration.key_type)
    value = checker.module.types.memory_type(declaration.value_type)
    assert key is not None
    assert value is not None
    return key, value


def key_address(checker: Checker, declaration: Map, key: Value, span: Span) -> Operand | None:
    """The key in memory, or None where it is of the wrong type."""
    key_type, _ = _types(checker, declaration)
    fitted = checker.fit(key, key_type, span)
    if not isinstance(fitted, Scalar | Reference):
        return None
    if declaration.map_type is not MapType.LPM_TRIE:
        return checker.in_memory(fitted, "key", _READABLE)
    trie_key = definition_of(checker, declaration).key
    assert isinstance(trie_key, StructType)
    target = checker.temporary("key", trie_key)
    checker.builder.emit(Store(target, Number(key_type.size * 8, U32), 4))
    checker.store(checker.offset(target, Number(4, I64), key_type), fitted)
    return target


def look_up(checker: Checker, declaration: Map, key: Operand) -> Operand:
    """The place of a value, null where the key is absent."""
    _, value_type = _types(checker, declaration)
    space = Space.MAP_VALUE if declaration.per_cpu else Space.SHARED_MAP_VALUE
    result = PointerType(value_type, space, nullable=True)
    return checker.helper(
        LOOKUP, "map_lookup_elem", result, address(checker, definition_of(checker, declaration)), key
    )


def update(checker: Checker, declaration: Map, key: Operand, value: Operand, flags: UpdateFlags) -> Operand:
    """Insert or replace; the result is 0 or a negative error number."""
    target = address(checker, definition_of(checker, declaration))
    return checker.helper(_UPDATE, "map_update_elem", I64, target, key, value, Number(int(flags), U64))


def lookup(checker: Checker, receiver: Value, call: Call) -> Value:
    """`m.lookup(key)`."""
    declaration = declaration_of(receiver)
    key = key_address(checker, declaration, call.values[0], call.spans[0])
    if key is None:
        return Poison()
    name = definition_of(checker, declaration).name
    origin = f"`{name}.lookup` returns None when the key is absent"
    return Reference(look_up(checker, declaration, key), origin)


def items(checker: Checker, receiver: Value, call: Call) -> Value:
    """`m.items()` where no loop goes over it."""
    help_text = "write `for key, value in m.items():`"
    return checker.report(findings.not_callable(call.span, "`items`", help_text))


def contains(checker: Checker, declaration: Map, key: Value, span: Span) -> Value:
    """`key in m`."""
    place = key_address(checker, declaration, key, span)
    if place is None:
        return Poison()
    return checker.is_null(look_up(checker, declaration, place), negate=True)


def set_entry(checker: Checker, declaration: Map, key: Value, value: Value, spans: tuple[Span, Span]) -> None:
    """`m[key] = value`."""
    _, value_type = _types(checker, declaration)
    place = key_address(checker, declaration, key, spans[0])
    fitted = checker.fit(value, value_type, spans[1])
    if place is not None and isinstance(fitted, Scalar | Reference):
        update(checker, declaration, place, checker.in_memory(fitted, "value", _READABLE), UpdateFlags.ANY)


def insert(checker: Checker, receiver: Value, call: Call) -> Value:
    """`m.insert(key, value)`."""
    declaration = declaration_of(receiver)
    _, value_type = _types(checker, declaration)
    place = key_address(checker, declaration, call.values[0], call.spans[0])
    fitted = checker.fit(call.values[1], value_type, call.spans[1])
    if place is None or not isinstance(fitted, Scalar | Reference):
        return Poison()
    result = update(
        checker, declaration, place, checker.in_memory(fitted, "value", _READABLE), UpdateFlags.NOEXIST
    )
    return scalar(succeeded(checker, result))


def delete(checker: Checker, declaration: Map, key: Value, span: Span) -> None:
    """`del m[key]`."""
    place = key_address(checker, declaration, key, span)
    if place is not None:
        checker.helper(
            _DELETE, "map_delete_elem", I64, address(checker, definition_of(checker, declaration)), place
        )


def add_to_entry(
    checker: Checker,
    declaration: Map,
    key: Value,
    amount: Value,
    spans: tuple[Span, Span],
    lost: Map | None = None,
) -> None:
    """`m[key] += amount`: also counts the first of a key, whoever else inserts it meanwhile.

    `lost` is an array of u64, the first of which counts what found no room.
    """
    _, value_type = _types(checker, declaration)
    place = key_address(checker, declaration, key, spans[0])
    if not isinstance(value_type, IntegerType) or value_type.big_endian:
        checker.report(findings.unsupported_operator(spans[1], "+=", str(value_type)))
        return
    if value_type.bits < 32 and not declaration.per_cpu:
        checker.report(findings.atomic_width(spans[1], value_type.name))
        return
    fitted = checker.fit(amount, value_type, spans[1])
    if place is None or not isinstance(fitted, Scalar):
        return
    builder = checker.builder
    there, absent, done = builder.block(), builder.block(), builder.block()
    found = look_up(checker, declaration, place)
    builder.branch(checker.is_null(found).operand, absent, there)
    builder.enter(there)
    add_in_place(checker, found, fitted)
    builder.jump(done)
    builder.enter(absent)
    if declaration.map_type not in _ARRAYS:
        result = update(
            checker, declaration, place, checker.in_memory(fitted, "value", _READABLE), UpdateFlags.NOEXIST
        )
        again, present = builder.block(), builder.block()
        builder.branch(succeeded(checker, result), done, again)
        builder.enter(again)
        found = look_up(checker, declaration, place)
        full = builder.block() if lost is not None else done
        builder.branch(checker.is_null(found).operand, full, present)
        if lost is not None:
            builder.enter(full)
            add_to_entry(checker, lost, scalar(Number(0, U32)), scalar(Number(1, U64)), spans)
            builder.jump(done)
        builder.enter(present)
        add_in_place(checker, found, fitted)
    builder.jump(done)
    builder.enter(done)


def add_in_place(checker: Checker, pointer: Operand, amount: Scalar) -> None:
    """Add to memory: in one step where other processors write there too."""
    assert isinstance(pointer.type, PointerType)
    value_type = amount.type
    assert isinstance(value_type, IntegerType)
    if pointer.type.space in SHARED and value_type.bits >= 32:
        checker.builder.emit(AtomicAdd(pointer, amount.operand))
        return
    old = checker.builder.register(value_type)
    checker.builder.emit(Load(old, pointer, alignment_of(value_type)))
    new = checker.builder.register(value_type)
    checker.builder.emit(Binary(new, "add", old, amount.operand))
    checker.builder.emit(Store(pointer, new, alignment_of(value_type)))


def perf_event_output(checker: Checker, receiver: Value, call: Call) -> Value:
    """`events.output(ctx, event)`."""
    declaration = declaration_of(receiver)
    if not isinstance(call.values[0], Context):
        return checker.report(
            findings.type_mismatch(call.spans[0], "the program's context", str(call.values[0]))
        )
    event = event_bytes(checker, declaration, call.values[1], call.spans[1])
    if event is None:
        return Poison()
    data, size = event
    context = checker.builder.register(PointerType(None, Space.CONTEXT))
    checker.builder.emit(ContextAddress(context))
    target = address(checker, definition_of(checker, declaration))
    flags = Number(_CURRENT_CPU, U64)
    checker.helper(
        _PERF_EVENT_OUTPUT, "perf_event_output", I64, context, target, flags, data, Number(size, U64)
    )
    return Absent()


def succeeded(checker: Checker, result: Operand) -> Operand:
    """Whether a helper gave 0."""
    return checker.compare("eq", scalar(result), scalar(Number(0, I64)))


def event_bytes(checker: Checker, declaration: Map, event: Value, span: Span) -> tuple[Operand, int] | None:
    """The address of an event's bytes, where a helper may read them, and their number."""
    assert isinstance(declaration, EventMap)
    kinds = [checker.module.types.memory_type(each) for each in declaration.events]
    found = event.type.pointee if isinstance(event, Reference) else None
    event_type = found if found is not None and found in kinds else kinds[0]
    assert event_type is not None
    if len(kinds) > 1 and found != event_type and not isinstance(event, Poison):
        names = " or ".join(each.__name__ for each in declaration.events)
        checker.report(findings.type_mismatch(span, names, str(event)))
        return None
    fitted = checker.fit(event, event_type, span)
    if not isinstance(fitted, Scalar | Reference):
        return None
    if not declaration.tag_bytes:
        return checker.in_memory(fitted, "event", _OUTPUT), event_type.size
    size = declaration.tag_bytes + event_type.size
    record = checker.temporary("tagged event", ArrayType("tagged", U64, (size + 7) // 8))
    checker.builder.emit(Store(record, Number(kinds.index(event_type) + 1, U64), 8))
    checker.store(checker.offset(record, Number(declaration.tag_bytes, I64), event_type), fitted)
    return record, size
