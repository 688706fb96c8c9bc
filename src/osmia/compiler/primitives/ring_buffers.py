"""Ring buffers: `output`, and room that is reserved, written in place, and submitted or discarded."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check import reservations
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Absent, PlainInt, Poison, Reference, Static, Value, scalar
from osmia.compiler.ir.operands import MapDefinition, Null, Number, Operand
from osmia.compiler.ir.ops import AtomicAdd, CallHelper, LoadLocal, Store, StoreLocal, Zero
from osmia.compiler.ir.types import I64, U32, U64, MemoryType, PointerType, Space, alignment_of
from osmia.compiler.primitives.maps import address, declaration_of, definition_of, event_bytes, succeeded
from osmia.compiler.primitives.method import Call
from osmia.lang.events import EventMap
from osmia.lang.maps import Map
from osmia.uapi import MapType, RingBufFlags

_LOOKUP, _OUTPUT, _RESERVE = 1, 130, 131

LOST_EVENTS = "osmia_lost"
"""The map of counters that the compiler adds: events that found no room, by the order of the rings' names."""


def lost_events(rings: int) -> MapDefinition:
    """The counters of an object with so many ring buffers."""
    return MapDefinition(LOST_EVENTS, int(MapType.PERCPU_ARRAY), U32, U64, rings)


def output(checker: Checker, receiver: Value, call: Call) -> Value:
    """`ring.output(event)`, or with flags: whether there was room."""
    declaration = declaration_of(receiver)
    flags = _flags(checker, call, "output")
    event = None if flags is None else event_bytes(checker, declaration, call.values[0], call.spans[0])
    if flags is None or event is None:
        return Poison()
    data, size = event
    target = address(checker, definition_of(checker, declaration))
    result = checker.helper(_OUTPUT, "ringbuf_output", I64, target, data, Number(size, U64), flags)
    sent = succeeded(checker, result)
    builder = checker.builder
    full, done = builder.block(), builder.block()
    builder.branch(sent, done, full)
    builder.enter(full)
    _count_lost(checker, declaration)
    builder.jump(done)
    builder.enter(done)
    return scalar(sent)


def reserve(checker: Checker, receiver: Value, call: Call) -> Value:
    """`ring.reserve()`: None where there is no room, else zeroed: old contents are not for the reader."""
    declaration, builder = declaration_of(receiver), checker.builder
    assert isinstance(declaration, EventMap)
    definition = definition_of(checker, declaration)
    event = _event_class(checker, declaration, call)
    if event is None:
        return Poison()
    before = declaration.tag_bytes
    target = address(checker, definition)
    kind = PointerType(event, Space.RING_BUFFER, nullable=True)
    size, none = Number(before + event.size, U64), Number(0, U64)
    room = checker.helper(_RESERVE, "ringbuf_reserve", kind, target, size, none)
    reservation = reservations.take(checker, declaration, definition.name, event)
    builder.emit(StoreLocal(reservation.place, room))
    behind = builder.local("behind the tag", kind) if before else None
    full, there, done = builder.block(), builder.block(), builder.block()
    builder.branch(checker.is_null(room).operand, full, there)
    builder.enter(full)
    _count_lost(checker, declaration)
    if behind is not None:
        builder.emit(StoreLocal(behind, Null(kind)))
    builder.jump(done)
    builder.enter(there)
    if behind is None:
        builder.emit(Zero(room, event.size, alignment_of(event)))
    else:
        kinds = [checker.module.types.memory_type(each) for each in declaration.events]
        builder.emit(Store(room, Number(kinds.index(event) + 1, U64), 8))
        place = checker.offset(room, Number(before, I64), event)
        builder.emit(Zero(place, event.size, alignment_of(event)))
        builder.emit(StoreLocal(behind, place))
    builder.jump(done)
    builder.enter(done)
    if behind is not None:
        room = builder.register(kind)
        builder.emit(LoadLocal(room, behind))
    origin = f"`{definition.name}.reserve` returns None when the ring is full"
    return Reference(room, origin, reservations=frozenset({reservation}))


def _event_class(checker: Checker, declaration: EventMap, call: Call) -> MemoryType | None:
    """The class of the event that is reserved; None where it was refused."""
    types = checker.module.types
    if not call.values and len(declaration.events) == 1:
        return types.memory_type(declaration.events[0])
    given = call.values[0] if len(call.values) == 1 else None
    if isinstance(given, Static) and any(given.value is each for each in declaration.events):
        return types.memory_type(given.value)
    names = " or ".join(f"`reserve({each.__name__})`" for each in declaration.events)
    checker.report(findings.wrong_arguments(call.span, "reserve", f"the class of the event: {names}"))
    return None


def submit(checker: Checker, receiver: Value, call: Call) -> Value:
    """`ring.submit(event)`."""
    return _give_back(checker, receiver, call, reservations.SUBMIT)


def discard(checker: Checker, receiver: Value, call: Call) -> Value:
    """`ring.discard(event)`."""
    return _give_back(checker, receiver, call, reservations.DISCARD)


def _give_back(checker: Checker, receiver: Value, call: Call, helper: int) -> Value:
    declaration = declaration_of(receiver)
    name = reservations.RELEASES[helper]
    flags = _flags(checker, call, name.removeprefix("ringbuf_"))
    if flags is None:
        return Poison()
    event, span = call.values[0], call.spans[0]
    ring = definition_of(checker, declaration).name
    assert isinstance(declaration, EventMap)
    whole = isinstance(event, Reference) and any(
        each.place.type.pointee == event.type.pointee
        for each in event.reservations
        if isinstance(each.place.type, PointerType)
    )
    if not isinstance(event, Reference) or not whole:
        return checker.report(findings.not_reserved(span, f"this `{event}`", ring))
    other = [each.name for each in event.reservations if each.ring is not declaration]
    if other:
        reservations.forget(checker, event.reservations)
        return checker.report(findings.not_reserved(span, f"what `{other[0]}.reserve()` gave", ring))
    if event.type.nullable:
        return checker.report(findings.unchecked_lookup(span, "this", event.origin))
    room = event.operand
    if declaration.tag_bytes:
        room = checker.offset(room, Number(-declaration.tag_bytes, I64), None)
    nothing = checker.builder.register(I64)
    checker.builder.emit(CallHelper(nothing, helper, name, (room, flags)))
    reservations.release(checker, event.reservations)
    return Absent()


def _flags(checker: Checker, call: Call, method: str) -> Operand | None:
    """The second argument, whether to wake the reader; None where the arguments were refused."""
    if not 1 <= len(call.values) <= 2:
        checker.report(findings.wrong_arguments(call.span, method, "event, and RingBufFlags at most"))
        return None
    if len(call.values) == 1:
        return Number(0, U64)
    flags = call.values[1]
    if isinstance(flags, PlainInt) and isinstance(flags.operand, Number):
        known = flags.operand.value
        if known in [int(each) for each in RingBufFlags]:
            return Number(known, U64)
    checker.report(findings.type_mismatch(call.spans[1], "a member of RingBufFlags", str(flags)))
    return None


def _count_lost(checker: Checker, ring: Map) -> None:
    """Count an event that found no room; in one step, since a tracing program may interrupt another."""
    builder = checker.builder
    definitions = checker.module.maps.items()
    rings = sorted(found.name for each, found in definitions if each.map_type is MapType.RINGBUF)
    counters = lost_events(len(rings))
    checker.module.lost_events = counters
    key = checker.temporary("lost", U32)
    index = rings.index(definition_of(checker, ring).name)
    builder.emit(Store(key, Number(index, U32), 4))
    kind = PointerType(U64, Space.MAP_VALUE, nullable=True)
    counter = checker.helper(_LOOKUP, "map_lookup_elem", kind, address(checker, counters), key)
    there, done = builder.block(), builder.block()
    builder.branch(checker.is_null(counter).operand, done, there)
    builder.enter(there)
    builder.emit(AtomicAdd(counter, Number(1, U64)))
    builder.jump(done)
    builder.enter(done)
