"""Expressions: each is checked and emitted in one walk, and gives a `Value`."""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Iterable
from enum import Enum
from types import FunctionType, ModuleType
from typing import Any, cast

from osmia.compiler import findings
from osmia.compiler.check import calls, operators, reservations
from osmia.compiler.check.conditions import condition, is_condition, materialise
from osmia.compiler.check.context import Checker, number
from osmia.compiler.check.elements import element
from osmia.compiler.check.frames import merge
from osmia.compiler.check.helper_rules import of_packet
from osmia.compiler.check.values import (
    Absent,
    Bytes,
    Context,
    Cursor,
    Method,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Several,
    Static,
    Value,
    limits,
    scalar,
)
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import ContextField, LoadLocal, StoreLocal, VariableAddress
from osmia.compiler.ir.types import (
    BOOL,
    I64,
    ArrayType,
    BoolType,
    IntegerType,
    PointerType,
    Space,
    StructType,
)
from osmia.compiler.primitives import kernel_memory
from osmia.compiler.primitives.context_arrays import context_array
from osmia.compiler.primitives.contexts import context_row
from osmia.compiler.primitives.map_of_maps import as_map
from osmia.compiler.primitives.methods import methods_of
from osmia.compiler.primitives.properties import properties_of
from osmia.compiler.primitives.tracing import is_record_field, record_field
from osmia.lang.constants import Constant
from osmia.lang.integers import Integer
from osmia.lang.maps import Map
from osmia.lang.memory import Aggregate
from osmia.lang.packet import Packet
from osmia.lang.variables import Global, is_global


def expression(checker: Checker, node: ast.expr) -> Value:
    """The value of an expression."""
    checker.at(node)
    match node:
        case ast.Constant():
            return _constant(checker, node)
        case ast.Name():
            return name(checker, node)
        case ast.Attribute():
            return attribute(checker, node)
        case ast.Subscript():
            return subscript(checker, node)
        case ast.BinOp(left, operator, right):
            first, second = expression(checker, left), expression(checker, right)
            checker.at(node)
            return operators.binary(checker, operator, first, second, checker.span(node))
        case ast.UnaryOp(operator, operand) if not isinstance(operator, ast.Not):
            return operators.unary(checker, operator, expression(checker, operand), checker.span(node))
        case ast.Call():
            return calls.call(checker, node, expression)
        case ast.IfExp():
            return _conditional(checker, node)
        case ast.NamedExpr(target, inner):
            value = expression(checker, inner)
            checker.bind(checker, target, value)
            return name(checker, target) if isinstance(value, Scalar | Reference) else value
        case ast.GeneratorExp():
            what, reason = "a generator as a value", "a program has no heap, so it cannot keep one"
            help_text = "give it to `any`, `all`, `sum`, `min` or `max`, or write a loop"
            return checker.report(findings.refused_syntax(checker.span(node), what, reason, help_text))
        case ast.JoinedStr():
            return checker.report(findings.text_value(checker.span(node)))
        case ast.Tuple():
            return Several(tuple(expression(checker, part) for part in node.elts))
        case _ if is_condition(node):
            return materialise(checker, node, expression)
        case _:
            raise AssertionError(f"{type(node).__name__} is not refused and not compiled")


def static(checker: Checker, value: object, node: ast.expr) -> Value:
    """A Python object that is known when the program is compiled."""
    match value:
        case None:
            return Absent()
        case bool():
            return scalar(Number(int(value), BOOL))
        case Integer():
            kind = checker.module.types.memory_type(type(value))
            assert isinstance(kind, IntegerType)
            return scalar(Number(int(value), kind))
        case int():
            if not -(1 << 63) <= value < 1 << 64:
                return checker.report(findings.too_wide(checker.span(node), value))
            return number(value)
        case bytes():
            return Bytes(value)
        case tuple() | frozenset():
            known = tuple(cast("Iterable[object]", value))
            return Several(tuple(static(checker, each, node) for each in known))
        case str() | float():
            return checker.report(
                findings.text_value(checker.span(node))
                if not isinstance(value, float)
                else findings.no_layout(
                    checker.span(node), "float", "the kernel has no floating point: scale to integers"
                )
            )
        case Aggregate():
            return checker.report(findings.module_struct(checker.span(node), type(value).__name__))
        case _:
            return Static(value)


def _constant(checker: Checker, node: ast.Constant) -> Value:
    if node.value is Ellipsis:
        finding = findings.refused_syntax(checker.span(node), "`...`", "it says nothing", "write `pass`")
        return checker.report(finding)
    if isinstance(node.value, complex):
        return checker.report(findings.no_layout(checker.span(node), str(node.value)))
    return static(checker, node.value, node)


def name(checker: Checker, node: ast.Name) -> Value:
    """A local variable, or what the module calls so."""
    frame = checker.frame
    variable = frame.variables.get(node.id)
    if variable is None:
        if node.id in frame.assignments:
            finding = findings.assigned_outside if node.id in frame.source.names else findings.unassigned
            return checker.report(finding(checker.span(node), node.id))
        names = frame.source.names
        if node.id in names:
            return static(checker, names[node.id], node)
        if not hasattr(builtins, node.id):
            return checker.report(findings.unknown_name(checker.span(node), node.id))
        return static(checker, getattr(builtins, node.id), node)
    if checker.state is not None and node.id not in checker.state.assigned:
        moved = checker.packet_reload and of_packet(variable)
        finding = findings.packet_moved if moved else findings.unassigned
        return checker.report(finding(checker.span(node), node.id))
    if variable.local is None:
        assert variable.value is not None
        return variable.value
    kind = variable.local.type
    if isinstance(kind, PointerType):
        present = checker.state is None or node.id in checker.state.present
        result = checker.builder.register(PointerType(kind.pointee, kind.space, nullable=not present))
        local = variable.sure if present and variable.sure is not None else variable.local
        checker.builder.emit(LoadLocal(result, local))
        held = reservations.held_by(checker, node)
        if isinstance(held, Poison):
            return held
        found = Reference(result, variable.origin, roots=variable.shares | {node.id}, reservations=held)
        return as_map(checker, found)
    result = checker.builder.register(kind)
    checker.builder.emit(LoadLocal(result, variable.local))
    return scalar(result)


def attribute(checker: Checker, node: ast.Attribute) -> Value:
    """`value.name`, loaded where it is a scalar."""
    receiver = expression(checker, node.value)
    checker.at(node)
    span = checker.span(node)
    match receiver:
        case Poison():
            return receiver
        case Static(value=value):
            return _static_attribute(checker, value, node)
        case Reference():
            place = place_attribute(checker, receiver, node)
            return checker.load(place) if isinstance(place, Reference) else place
        case Context(context_type=context_type):
            return _context_attribute(checker, receiver, context_type, node)
        case Scalar(type=IntegerType(base=base)) if base and node.attr == "name":
            return checker.report(findings.text_value(span))
        case Cursor():
            if node.attr in methods_of(Packet):
                return Method(receiver, node.attr)
            return checker.report(findings.no_attribute(span, "Packet", node.attr, tuple(methods_of(Packet))))
        case _:
            return checker.report(findings.no_attribute(span, str(receiver), node.attr, ()))


def _static_attribute(checker: Checker, value: object, node: ast.Attribute) -> Value:
    if isinstance(value, Constant):
        if node.attr != "value":
            return checker.report(
                findings.no_attribute(checker.span(node), "Constant", node.attr, ("value",))
            )
        variable = checker.module.constants[value]
        address = checker.builder.register(PointerType(variable.type, Space.MAP_VALUE))
        checker.builder.emit(VariableAddress(address, variable))
        return checker.load(Reference(address))
    if is_global(value):
        place = global_place(checker, value, node)
        return checker.load(place) if isinstance(place, Reference) else place
    if isinstance(value, Map):
        rows = methods_of(type(value))
        if node.attr in rows:
            return Method(Static(value), node.attr)
        known = tuple(rows)
        return checker.report(
            findings.no_attribute(checker.span(node), type(value).__name__, node.attr, known)
        )
    if isinstance(value, ModuleType | type) and hasattr(value, node.attr):
        return static(checker, getattr(value, node.attr), node)
    kind = value.__name__ if isinstance(value, ModuleType | type) else type(value).__name__
    known = tuple(value.__members__) if isinstance(value, type) and issubclass(value, Enum) else ()
    return checker.report(findings.no_attribute(checker.span(node), kind, node.attr, known))


def global_place(checker: Checker, variable: Global[Any], node: ast.Attribute) -> Value:
    """The place of `variable.value`."""
    if node.attr != "value":
        return checker.report(findings.no_attribute(checker.span(node), "Global", node.attr, ("value",)))
    definition = checker.module.globals[variable]
    address = checker.builder.register(PointerType(definition.type, Space.SHARED_MAP_VALUE))
    checker.builder.emit(VariableAddress(address, definition))
    return Reference(address)


def place_attribute(checker: Checker, receiver: Reference, node: ast.Attribute) -> Value:
    """The place of a field, or the result of a property, or a method with its receiver."""
    span = checker.span(node)
    if receiver.type.nullable:
        return checker.report(
            findings.unchecked_lookup(checker.span(node.value), text(node.value), receiver.origin)
        )
    pointee = receiver.type.pointee
    if isinstance(pointee, IntegerType | BoolType):
        if node.attr == "value":
            return receiver
        return checker.report(findings.no_attribute(span, str(receiver), node.attr, ("value",)))
    assert pointee is not None
    if isinstance(pointee, StructType) and pointee.kernel is not None:
        return kernel_memory.field(checker, receiver, pointee.kernel, node.attr, span)
    if isinstance(pointee, StructType):
        for member in pointee.fields:
            if member.name == node.attr:
                return checker.field(receiver, member.offset, member.type)
    python_class = checker.module.types.python_class(pointee)
    found = vars(python_class).get(node.attr) if python_class is not None else None
    if isinstance(found, property) and isinstance(found.fget, FunctionType):
        return calls.inline_function(checker, found.fget, [receiver], node)
    in_table = python_class is not None and node.attr in methods_of(python_class)
    if isinstance(found, FunctionType) or in_table:
        return Method(receiver, node.attr)
    known = tuple(member.name for member in pointee.fields) if isinstance(pointee, StructType) else ()
    if python_class is not None:
        known += tuple(methods_of(python_class))
    if isinstance(pointee, ArrayType):
        return checker.report(
            findings.unsupported_operator(span, f".{node.attr}", str(pointee), "its elements are `[i]`")
        )
    return checker.report(findings.no_attribute(span, str(pointee), node.attr, known))


def text(node: ast.expr) -> str:
    """How a message names an expression."""
    return f"`{node.id}`" if isinstance(node, ast.Name) else "this"


def _context_attribute(checker: Checker, receiver: Context, context_type: type, node: ast.Attribute) -> Value:
    row = context_row(context_type)
    declared: object = inspect.getattr_static(context_type, node.attr, None)
    if is_record_field(declared):
        return record_field(checker, receiver, declared, checker.span(node))
    field = row.fields.get(node.attr)
    if field is not None:
        if isinstance(field.type, ArrayType):
            return context_array(checker, field.offset, field.type)
        result = checker.builder.register(field.type)
        checker.builder.emit(ContextField(result, field.offset, field.size, reload=field.writable))
        return scalar(result)
    properties = properties_of(context_type)
    if node.attr in properties:
        return properties[node.attr](checker, receiver)
    methods = methods_of(context_type)
    if node.attr in methods:
        return Method(receiver, node.attr)
    known = (*row.fields, *properties, *methods)
    return checker.report(findings.no_attribute(checker.span(node), context_type.__name__, node.attr, known))


def subscript(checker: Checker, node: ast.Subscript) -> Value:
    """`array[index]`, loaded where it is a scalar."""
    receiver = expression(checker, node.value)
    if isinstance(receiver, Static) and isinstance(receiver.value, Map):
        return checker.report(findings.map_read(checker.span(node), checker.module.maps[receiver.value].name))
    if isinstance(receiver, Static) and isinstance(receiver.value, type):
        meaning = checker.annotation(node)
        return meaning if isinstance(meaning, Poison) else static(checker, meaning, node)
    place = place_subscript(checker, receiver, node)
    return checker.load(place) if isinstance(place, Reference) else place


_NO_INDEX = {
    "dict": "declare a HashMap in the module",
    "list": "declare an ArrayMap in the module, or an Array[u64, Literal[8]] here",
    "Packet": "read a header, `packet.read(Header)`, where Header is a @struct",
}
"""What to write instead of an element, by what has none."""


def place_subscript(checker: Checker, receiver: Value, node: ast.Subscript) -> Value:
    """The place of an array's element; the index must be proven to be in range."""
    span = checker.span(node.slice)
    if isinstance(receiver, Poison):
        return receiver
    if isinstance(receiver, Reference) and receiver.type.space is Space.MAP:
        return checker.present(receiver, checker.span(node))
    if not isinstance(receiver, Reference) or not isinstance(receiver.type.pointee, ArrayType):
        help_text = _NO_INDEX.get(str(receiver), "an array, or a map as a target, has elements")
        return checker.report(
            findings.unsupported_operator(checker.span(node), "[…]", str(receiver), help_text)
        )
    if receiver.type.nullable:
        return checker.report(findings.unchecked_lookup(checker.span(node.value), "this", receiver.origin))
    array = receiver.type.pointee
    index = expression(checker, node.slice)
    checker.at(node)
    if isinstance(index, Poison):
        return index
    if not isinstance(index, Scalar | PlainInt):
        return checker.report(findings.type_mismatch(span, "an integer", str(index)))
    if index.low < 0 or index.high >= array.length:
        return checker.report(findings.index_unproven(span, array.length))
    return element(checker, receiver, array, index)


def _conditional(checker: Checker, node: ast.IfExp) -> Value:
    """`a if c else b`: both sides of one type; a literal would stay a plain int in Python, so it has none."""
    builder = checker.builder
    then, otherwise, join = builder.block(), builder.block(), builder.block()
    true_state, false_state = condition(checker, node.test, then, otherwise, expression)
    builder.enter(then)
    checker.state = true_state
    first = expression(checker, node.body)
    first_end, first_state = builder.current, checker.state
    builder.enter(otherwise)
    checker.state = false_state
    second = expression(checker, node.orelse)
    if isinstance(second, PlainInt) and isinstance(first, Scalar):
        second = checker.fit(second, first.type, checker.span(node.orelse), literal=False)
    second_end, second_state = builder.current, checker.state
    builder.enter(first_end)
    checker.state = first_state
    if isinstance(first, PlainInt) and isinstance(second, Scalar):
        first = checker.fit(first, second.type, checker.span(node.body), literal=False)
    kind = _common_type(checker, node, first, second)
    if kind is None:
        builder.enter(join)
        return Poison()
    assert isinstance(first, Scalar | PlainInt)
    assert isinstance(second, Scalar | PlainInt)
    result = builder.local("choice", kind)
    for end, value in ((first_end, first), (second_end, second)):
        builder.enter(end)
        builder.emit(StoreLocal(result, value.operand))
        builder.jump(join)
    builder.enter(join)
    checker.state = merge((first_state, second_state))
    register = builder.register(kind)
    builder.emit(LoadLocal(register, result))
    low, high = min(first.low, second.low), max(first.high, second.high)
    return PlainInt(register, low, high) if isinstance(first, PlainInt) else Scalar(register, low, high)


def _common_type(
    checker: Checker, node: ast.IfExp, first: Value, second: Value
) -> IntegerType | BoolType | None:
    """The type of both sides of a conditional expression; None where they have none, which is reported."""
    if isinstance(first, Poison) or isinstance(second, Poison):
        return None
    span, text = checker.span(node), "… if … else …"
    if isinstance(first, PlainInt) and isinstance(second, PlainInt):
        if max(first.high, second.high) <= limits(I64)[1]:
            return I64
        checker.report(findings.plain_int_operator(span, text))
    elif isinstance(first, Scalar) and isinstance(second, Scalar) and first.type == second.type:
        return first.type
    elif isinstance(first, Scalar | PlainInt) and isinstance(second, Scalar | PlainInt):
        checker.report(findings.mixed_types(span, str(first), str(second)))
    else:
        side = first if not isinstance(first, Scalar | PlainInt) else second
        checker.report(findings.unsupported_operator(span, text, str(side), "choose with `if` and `else`"))
    return None
