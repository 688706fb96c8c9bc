"""Room in ring buffers from its reservation on: on every way it is given back once, and then left alone."""

from __future__ import annotations

import ast

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.frames import Flow
from osmia.compiler.check.values import Poison, Reference, Reservation, Value
from osmia.compiler.ir.operands import Null, Number
from osmia.compiler.ir.ops import CallHelper, LoadLocal, StoreLocal
from osmia.compiler.ir.types import I64, U64, MemoryType, PointerType, Space
from osmia.dataclass import replace
from osmia.diagnostics import Span

SUBMIT, DISCARD = 132, 133
"""Helpers that give room back; the numbers are those of enum bpf_func_id."""
RELEASES = {SUBMIT: "ringbuf_submit", DISCARD: "ringbuf_discard"}


def take(checker: Checker, ring: object, name: str, event: MemoryType) -> Reservation:
    """A new reservation, live from here on; its address is to be stored in its place."""
    place = checker.builder.local(f"reserved in {name}", PointerType(event, Space.RING_BUFFER, nullable=True))
    location = checker.builder.location
    # Null from the start: on a way that comes by no reservation there is nothing to give back.
    assert isinstance(place.type, PointerType)
    checker.builder.blocks[0].operations.insert(0, (StoreLocal(place, Null(place.type)), location))
    reservation = Reservation(ring, name, location.line, place)
    if checker.state is not None:
        released = checker.state.released - {reservation}
        checker.state = replace(checker.state, live=checker.state.live | {reservation}, released=released)
    return reservation


def release(checker: Checker, reservations: frozenset[Reservation]) -> None:
    """They were given back; one that stands in a loop may be taken anew."""
    for reservation in reservations:
        assert isinstance(reservation.place.type, PointerType)
        checker.builder.emit(StoreLocal(reservation.place, Null(reservation.place.type)))
    if checker.state is not None:
        live, released = checker.state.live - reservations, checker.state.released | reservations
        checker.state = replace(checker.state, live=live, released=released)


def without(state: Flow | None, value: Value) -> Flow | None:
    """What is known where a value turned out to be None: nothing was reserved there."""
    if state is None or not isinstance(value, Reference):
        return state
    return replace(state, live=state.live - value.reservations)


def held_by(checker: Checker, node: ast.Name) -> frozenset[Reservation] | Poison:
    """The room that a variable stands for; using what was given back is reported."""
    state = checker.state
    if state is None or not state.holds:
        return frozenset()
    held = frozenset(reservation for name, reservation in state.holds if name == node.id)
    gone = held & state.released
    if not gone:
        return held
    forget(checker, held)
    (first, *_) = sorted(gone, key=lambda reservation: reservation.line)
    return checker.report(findings.used_after_release(checker.span(node), node.id, first.name))


def forget(checker: Checker, reservations: frozenset[Reservation]) -> None:
    """Say nothing more of what was reported."""
    if checker.state is not None:
        checker.state = replace(checker.state, live=checker.state.live - reservations)


def turn_ends(checker: Checker, head: Flow | None, node: ast.stmt) -> None:
    """At the end of a turn of a loop nothing may be held, or given back, but what was so at its head."""
    state = checker.state
    if state is None or head is None:
        return
    _report_live(checker, state.live - head.live, node, "the end of the loop's turn")
    for reservation in (state.released - head.released) & head.live:
        checker.report(findings.released_in_loop(checker.span(node), reservation.name, reservation.line))
    checker.state = replace(state, live=state.live & head.live)


def program_ends(checker: Checker, node: ast.stmt, where: str = "this `return`") -> None:
    """Where the program returns nothing may be held."""
    if checker.state is not None:
        _report_live(checker, checker.state.live, node, where)


def _report_live(checker: Checker, live: frozenset[Reservation], node: ast.stmt, where: str) -> None:
    for reservation in sorted(live, key=lambda each: each.line):
        span: Span = checker.span(node)
        checker.report(findings.leaked_reservation(span, reservation.name, reservation.line, where))


def give_back(checker: Checker) -> None:
    """Discard all that may be held, on a way that ends the program and that only the verifier takes."""
    builder = checker.builder
    live = checker.state.live if checker.state is not None else frozenset[Reservation]()
    for reservation in sorted(live, key=lambda each: each.place.index):
        kind = reservation.place.type
        address = builder.register(kind)
        builder.emit(LoadLocal(address, reservation.place))
        held, done = builder.block(), builder.block()
        builder.branch(checker.is_null(address).operand, done, held)
        builder.enter(held)
        nothing = builder.register(I64)
        builder.emit(CallHelper(nothing, DISCARD, RELEASES[DISCARD], (address, Number(0, U64))))
        builder.jump(done)
        builder.enter(done)


def entry_flow(caller: Flow | None) -> Flow:
    """What is known at the head of an inlined function: no names, but what the caller holds."""
    return Flow() if caller is None else Flow(live=caller.live, released=caller.released)


def flow_after_call(caller: Flow | None, end: Flow | None) -> Flow | None:
    """What the caller knows behind an inlined function, None where that never returns."""
    if caller is None or end is None:
        return None
    return replace(caller, live=end.live, released=end.released)
