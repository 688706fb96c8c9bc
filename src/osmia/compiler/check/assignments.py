"""Variables: what a name stands for, and what setting it, a field or an entry does."""

from __future__ import annotations

import ast

from osmia.compiler import findings
from osmia.compiler.check import operators
from osmia.compiler.check.context import Checker, MayBeNoneError, number
from osmia.compiler.check.elements import element
from osmia.compiler.check.expressions import expression, global_place, place_attribute, place_subscript
from osmia.compiler.check.frames import Variable
from osmia.compiler.check.values import (
    Absent,
    Bytes,
    Context,
    Cursor,
    PlainInt,
    Poison,
    Reference,
    Reservation,
    Scalar,
    Several,
    Static,
    Value,
    scalar,
)
from osmia.compiler.ir.operands import Local, Null
from osmia.compiler.ir.ops import StoreContext, StoreLocal
from osmia.compiler.ir.types import SHARED, ArrayType, IntegerType, MemoryType, PointerType, Space
from osmia.compiler.primitives import maps
from osmia.compiler.primitives.context_row import ContextFieldRow
from osmia.compiler.primitives.contexts import context_row
from osmia.dataclass import replace
from osmia.lang.constants import Constant
from osmia.lang.maps import Map
from osmia.lang.variables import is_global


def bind(checker: Checker, target: ast.Name, value: Value) -> None:
    """`name = value`."""
    name, frame = target.id, checker.frame
    variable = frame.variables.get(name)
    span = checker.span(target)
    if isinstance(value, Poison):
        frame.variables.setdefault(name, Variable(None, value))
    elif isinstance(value, Several):
        frame.variables[name] = Variable(None, checker.report(findings.tuple_value(span)))
    elif isinstance(value, Bytes):
        frame.variables[name] = Variable(None, checker.report(findings.bytes_value(span)))
    elif isinstance(value, Scalar) or (isinstance(value, Reference) and not isinstance(value, Absent)):
        _store(checker, value, variable, target)
    elif isinstance(value, Absent) and variable is not None and variable.local is not None:
        _store_none(checker, name, variable.local, target)
        return
    elif isinstance(value, PlainInt) and variable is not None and variable.local is not None:
        checker.report(findings.plain_int(span, f"the new value of `{name}`", describe(variable.local)))
    elif isinstance(value, PlainInt) and frame.assignments.get(name, 0) > 1:
        frame.variables[name] = Variable(None, checker.report(findings.no_width(span, name)))
    elif variable is not None and variable.value is not None and name not in frame.indices:
        if not isinstance(variable.value, Poison):
            checker.report(findings.rebound(span, name, f"a `{variable.value}`"))
    else:
        frame.variables[name] = Variable(None, value)
    reservations = value.reservations if isinstance(value, Reference) else frozenset[Reservation]()
    _mark(checker, name, isinstance(value, Reference) and not value.type.nullable, reservations)


def _mark(
    checker: Checker, name: str, present: bool, reservations: frozenset[Reservation] = frozenset()
) -> None:
    state, frame = checker.state, checker.frame
    if not present and any(name in loop.assumed for loop in frame.loops):
        checker.module.may_be_none.add((frame.source.function, name))
        raise MayBeNoneError
    if state is not None:
        known = state.present | {name} if present else state.present - {name}
        holds = frozenset(pair for pair in state.holds if pair[0] != name)
        checker.state = replace(
            state,
            assigned=state.assigned | {name},
            present=known,
            holds=holds | {(name, reservation) for reservation in reservations},
        )


def _store(checker: Checker, value: Scalar | Reference, variable: Variable | None, target: ast.Name) -> None:
    name, span, frame = target.id, checker.span(target), checker.frame
    kind = value.operand.type
    if isinstance(value, Reference):
        if _overwritten(checker, name, value):
            checker.report(findings.aliased_struct(span, name))
            frame.variables.setdefault(name, Variable(None, Poison()))
            return
        kind = PointerType(value.type.pointee, value.type.space, nullable=True)
    if variable is None:
        origin = value.origin if isinstance(value, Reference) else ""
        variable = Variable(checker.builder.local(name, kind), origin=origin)
        frame.variables[name] = variable
    if variable.local is None:
        if not isinstance(variable.value, Poison):
            checker.report(findings.variable_type(span, name, str(variable.value), str(value)))
        return
    if variable.local.type != kind:
        checker.report(findings.variable_type(span, name, describe(variable.local), str(value)))
        return
    operand = value.operand
    if isinstance(value, Reference) and isinstance(kind, PointerType):
        variable.shares |= value.roots - {name}
        variable.given |= frame.passed(value.roots)
        kept = frame.assignments.get(name, 0) > 1 and name not in frame.aliased
        if kept and value.fresh and not value.type.nullable:
            variable.slot = operand = checker.moved(value, variable.slot)
        if kind.space is Space.PACKET:
            variable.sure = variable.sure or checker.builder.local(f"{name} itself", kind)
            checker.builder.emit(StoreLocal(variable.sure, value.sure or operand))
    checker.builder.emit(StoreLocal(variable.local, operand))


def _overwritten(checker: Checker, name: str, value: Reference) -> bool:
    """Whether the struct that a name shall stand for as well may later be overwritten by another one."""
    if value.type.space is not Space.STACK or value.fresh:
        return False
    frame = checker.frame
    turning = frozenset(changed for loop in frame.loops for changed in loop.changed)
    moving = {root for root, count in frame.assignments.items() if count > 1 and root not in frame.aliased}
    return not (value.roots - {name}).isdisjoint(turning | moving)


def describe(local: Local) -> str:
    """The type of a variable, for messages."""
    kind = local.type
    return f"{kind.pointee} in {kind.space.value} memory" if isinstance(kind, PointerType) else str(kind)


def _store_none(checker: Checker, name: str, local: Local, target: ast.Name) -> None:
    if isinstance(local.type, PointerType):
        checker.builder.emit(StoreLocal(local, Null(local.type)))
        _mark(checker, name, present=False)
    else:
        checker.report(findings.variable_type(checker.span(target), name, str(local.type), "None"))


def assign(checker: Checker, target: ast.expr, value: Value, node: ast.expr) -> None:
    """`target = value`, for names, fields, array elements and map entries."""
    match target:
        case ast.Name():
            bind(checker, target, value)
        case ast.Tuple():
            _unpack(checker, target, value, node)
        case ast.Attribute() | ast.Subscript():
            if isinstance(target, ast.Subscript):
                receiver = expression(checker, target.value)
                if isinstance(receiver, Static) and isinstance(receiver.value, Map):
                    if not maps.has_entries(checker, receiver.value, checker.span(target)):
                        return
                    key = expression(checker, target.slice)
                    checker.at(target)
                    spans = (checker.span(target.slice), checker.span(node))
                    maps.set_entry(checker, receiver.value, key, value, spans)
                    return
                place = place_subscript(checker, receiver, target)
            else:
                field = _context_field(checker, target)
                if field is not None:
                    _set_context(checker, field, value, node)
                    return
                place = _attribute_place(checker, target)
            _store_in_place(checker, place, value, node)
        case _:
            checker.report(
                findings.refused_syntax(
                    checker.span(target),
                    "this target",
                    "only names, fields and entries can be set",
                    "set each in turn",
                )
            )


def _unpack(checker: Checker, target: ast.Tuple, value: Value, node: ast.expr) -> None:
    """`a, b = …`: all values are known before the first is set; targets are set from the left."""
    values: tuple[Value, ...] = ()
    pointee = value.type.pointee if isinstance(value, Reference) else None
    if isinstance(value, Several):
        values = value.values
    elif isinstance(value, Reference) and isinstance(pointee, ArrayType):
        if value.type.nullable:
            value = checker.report(findings.unchecked_lookup(checker.span(node), "this", value.origin))
        elif pointee.length == len(target.elts):
            indices = (number(index) for index in range(pointee.length))
            values = tuple(checker.load(element(checker, value, pointee, index)) for index in indices)
    if isinstance(value, Poison):
        values = (value,) * len(target.elts)
    elif not isinstance(value, Several) and not isinstance(pointee, ArrayType):
        values = (checker.report(findings.not_iterable(checker.span(node), str(value))),) * len(target.elts)
    elif len(values) != len(target.elts):
        count = len(values) if isinstance(value, Several) else str(value)
        values = (checker.report(findings.unpacked_count(checker.span(target), len(target.elts), count)),)
        values *= len(target.elts)
    sources = node.elts if isinstance(node, ast.Tuple) else [node] * len(values)
    for part, each, source in zip(target.elts, values, sources, strict=False):
        checker.at(target)
        assign(checker, part, each, source)


def _attribute_place(checker: Checker, target: ast.Attribute) -> Value:
    receiver = expression(checker, target.value)
    checker.at(target)
    what, help_text = "no field of a struct", "set a field, an entry or a variable"
    match receiver:
        case Poison():
            return receiver
        case Reference(type=PointerType(space=Space.KERNEL | Space.BTF)):
            what, help_text = "memory of the kernel", "keep what changes in a variable or a map"
        case Reference():
            place = place_attribute(checker, receiver, target)
            if isinstance(place, Reference | Poison):
                return place
            what, help_text = "no field, but computed", "set the fields that it reads"
        case Context():
            what, help_text = "a field of the context", "keep what changes in a variable"
        case Static(value=variable) if is_global(variable):
            return global_place(checker, variable, target)
        case Static(value=Constant()):
            what, help_text = "a configuration constant", "give its value at load: `constants={…}`"
        case _:
            pass
    return checker.report(findings.read_only(checker.span(target), ast.unparse(target), what, help_text))


def _context_field(checker: Checker, target: ast.Attribute) -> ContextFieldRow | None:
    """The field of the context that a target names, where programs may set it."""
    if not isinstance(target.value, ast.Name):
        return None
    variable = checker.frame.variables.get(target.value.id)
    if variable is None or not isinstance(variable.value, Context):
        return None
    field = context_row(variable.value.context_type).fields.get(target.attr)
    return field if field is not None and field.writable else None


def _set_context(checker: Checker, field: ContextFieldRow, value: Value, node: ast.expr) -> None:
    if isinstance(value, Scalar) and isinstance(value.type, IntegerType):
        # An address is one of these as well; its name matters no longer in the kernel's field.
        kind, given = field.type, value.type
        both = isinstance(kind, IntegerType) and kind.big_endian and given.big_endian
        if both and isinstance(kind, IntegerType) and given.bits == kind.bits:
            value = scalar(checker.reinterpret(value.operand, kind))
    fitted = checker.fit(value, field.type, checker.span(node))
    if isinstance(fitted, Scalar):
        checker.builder.emit(StoreContext(field.offset, field.size, fitted.operand))


def _store_in_place(checker: Checker, place: Value, value: Value, node: ast.expr) -> None:
    if not isinstance(place, Reference):
        return
    pointee = place.type.pointee
    assert pointee is not None
    fitted = checker.fit(value, pointee, checker.span(node))
    if isinstance(fitted, Scalar | Reference):
        checker.store(place.operand, fitted)


def augmented(checker: Checker, node: ast.AugAssign) -> None:
    """`target += value` and its kin."""
    span = checker.span(node)
    if isinstance(node.target, ast.Name):
        loaded = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        left = expression(checker, loaded)
        right = expression(checker, node.value)
        checker.at(node)
        if isinstance(left, PlainInt):
            checker.report(findings.no_width(checker.span(node.target), node.target.id))
            return
        bind(checker, node.target, operators.binary(checker, node.op, left, right, span))
        return
    if isinstance(node.target, ast.Subscript):
        receiver = expression(checker, node.target.value)
        if isinstance(receiver, Static) and isinstance(receiver.value, Map):
            _augment_entry(checker, receiver.value, node, node.target)
            return
        place = place_subscript(checker, receiver, node.target)
    else:
        field = _context_field(checker, node.target)
        if field is not None:
            left, right = expression(checker, node.target), expression(checker, node.value)
            checker.at(node)
            _set_context(checker, field, operators.binary(checker, node.op, left, right, span), node.value)
            return
        place = _attribute_place(checker, node.target)
    if isinstance(place, Reference) and place.type.pointee is not None:
        _augment_place(checker, place, place.type.pointee, node)
    elif isinstance(place, Poison):
        expression(checker, node.value)


def _augment_entry(checker: Checker, declaration: Map, node: ast.AugAssign, target: ast.Subscript) -> None:
    if not maps.has_entries(checker, declaration, checker.span(target)):
        return
    key = expression(checker, target.slice)
    amount = expression(checker, node.value)
    checker.at(node)
    spans = (checker.span(target.slice), checker.span(node.value))
    if isinstance(node.op, ast.Sub) and not isinstance(amount, Poison):
        kind = checker.module.types.memory_type(declaration.value_type)
        fitted = checker.fit(amount, kind, spans[1]) if kind is not None else amount
        amount = operators.unary(checker, ast.USub(), fitted, spans[1])
    elif not isinstance(node.op, ast.Add | ast.Sub):
        checker.report(findings.map_operator(checker.span(node), f"{operators.operator_text(node.op)}="))
        return
    if not isinstance(key, Poison) and not isinstance(amount, Poison):
        maps.add_to_entry(checker, declaration, key, amount, spans)


def _augment_place(checker: Checker, place: Reference, pointee: MemoryType, node: ast.AugAssign) -> None:
    span = checker.span(node)
    shared = place.type.space in SHARED
    wide = isinstance(pointee, IntegerType) and pointee.bits >= 32 and not pointee.big_endian
    if shared and wide and isinstance(node.op, ast.Add | ast.Sub):
        right = expression(checker, node.value)
        checker.at(node)
        amount = checker.fit(right, pointee, checker.span(node.value))
        if isinstance(node.op, ast.Sub):
            amount = operators.unary(checker, ast.USub(), amount, span)
        if isinstance(amount, Scalar):
            maps.add_in_place(checker, place.operand, amount)
        return
    left = checker.load(place)
    right = expression(checker, node.value)
    checker.at(node)
    value = operators.binary(checker, node.op, left, right, span)
    fitted = checker.fit(value, pointee, span)
    if isinstance(fitted, Scalar):
        checker.store(place.operand, fitted)


def declare(checker: Checker, node: ast.AnnAssign) -> None:
    """`name: type = value`: the value must be of that type, or None where the type allows it."""
    span = checker.span(node.target)
    if not isinstance(node.target, ast.Name):
        what, reason = "an annotation here", "the type is known already"
        checker.report(findings.refused_syntax(span, what, reason, "write `target = value`"))
        return
    if node.value is None:
        what, reason = "a declaration without a value", "it would be unset"
        checker.report(findings.refused_syntax(span, what, reason, "write `name: u32 = u32(0)`"))
        return
    annotation = checker.annotation(node.annotation)
    if isinstance(annotation, Poison):
        bind(checker, node.target, annotation)
        return
    value = expression(checker, node.value)
    checker.at(node)
    bind(checker, node.target, _declared(checker, node, annotation, value))


def _declared(checker: Checker, node: ast.AnnAssign, annotation: object, value: Value) -> Value:
    """The value as the annotated type."""
    assert node.value is not None
    span, types = checker.span(node.value), checker.module.types
    inner, optional = types.split_optional(annotation)
    expected = types.memory_type(inner)
    target = expected if expected is not None else types.pointer_target(inner)
    text = ast.unparse(node.annotation)
    if isinstance(value, Poison | Cursor | Context | Static):
        return value
    if target is None:
        return checker.report(findings.no_layout(checker.span(node.annotation), text))
    if isinstance(value, Reference):
        if value.type.pointee != target:
            return checker.report(findings.type_mismatch(span, text, str(value)))
        return value if optional else checker.present(value, span)
    return checker.fit(value, target, span, literal=False)
