"""Calls: conversions, constructors, methods, helpers, log messages, and functions that are inlined."""

from __future__ import annotations

import ast
import logging
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, cast

from osmia.compiler import findings
from osmia.compiler.check import memory
from osmia.compiler.check.conditions import Evaluate
from osmia.compiler.check.context import Checker
from osmia.compiler.check.kernel_functions import call_kernel_function
from osmia.compiler.check.values import (
    Bytes,
    Context,
    Method,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Static,
    Value,
    scalar,
)
from osmia.compiler.ir.operands import Number
from osmia.compiler.ir.ops import Zero
from osmia.compiler.ir.types import (
    BOOL,
    I64,
    U8,
    ArrayType,
    BoolType,
    IntegerType,
    MemoryType,
    StructType,
    alignment_of,
)
from osmia.compiler.primitives.helpers import HELPER_CALLS
from osmia.compiler.primitives.log import LEVELS, emit_log
from osmia.compiler.primitives.method import Call, MethodRow
from osmia.compiler.primitives.methods import methods_of
from osmia.compiler.source import read_function
from osmia.diagnostics import Span
from osmia.lang.atomics import Atomic, is_atomic
from osmia.lang.functions import Subprogram
from osmia.lang.integers import Integer
from osmia.lang.kfuncs import KernelFunction
from osmia.lang.loops import loop
from osmia.lang.memory import Aggregate
from osmia.lang.packet import Packet
from osmia.lang.programs import Program
from osmia.lang.spin_locks import SpinLock
from osmia.lang.structs import Struct
from osmia.lang.timers import Timer

_NOT_MADE = "only integer types, arrays and classes with @struct are made in kernel code"
_REFUSED_BUILTINS = {
    "time": "the kernel's clock is `ktime_get_ns()`",
    "time_ns": "the kernel's clock is `ktime_get_ns()`",
    "monotonic_ns": "the kernel's clock is `ktime_get_ns()`",
    "sleep": "a program runs to its end: wait in user space",
    "open": "a program has no files: send an event and write it in user space",
    "print": 'the kernel has no console: write `log.info(f"…")`',
    "int": "the kernel needs a width: `u64(…)`",
    "float": "the kernel has no floating point: scale to integers",
    "str": 'the kernel has no strings: values are printed by `log.info(f"{x}")`',
    "list": "the kernel has no heap: use a map",
    "dict": "the kernel has no heap: declare a HashMap",
    "range": "`range` stands in `for i in range(n):` only",
    "isinstance": "types are known when the program is written",
    "divmod": "write `a // b` and `a % b`",
    "pow": "multiply, or shift: `1 << n`",
    "sorted": "the kernel has no heap: sort in user space",
    "reversed": "count down: `range(n - 1, -1, -1)`",
    "map": "write a loop",
    "filter": "write a loop with `if`",
}


def call(checker: Checker, node: ast.Call, evaluate: Evaluate) -> Value:
    """`f(…)`."""
    callee = evaluate(checker, node.func)
    checker.at(node)
    span = checker.span(node)
    if isinstance(callee, Poison):
        return callee
    if isinstance(callee, Method):
        return _method(checker, callee, node, evaluate)
    if not isinstance(callee, Static):
        return checker.report(findings.not_callable(span, f"a `{callee}`"))
    function = callee.value
    if isinstance(function, BuiltinFunctionType | FunctionType) and function in checker.builtins:
        return checker.builtins[function](checker, node)
    if isinstance(function, type):
        return _construct(checker, function, node, evaluate)
    if isinstance(function, FunctionType):
        if function in LEVELS:
            return _log(checker, LEVELS[function], node, evaluate)
        arguments = _positional(checker, node, evaluate, function.__name__)
        if arguments is None:
            return Poison()
        checker.at(node)
        if function in HELPER_CALLS:
            return _row(checker, HELPER_CALLS[function], callee, function.__name__, arguments, node)
        return inline_function(checker, function, arguments, node)
    if isinstance(function, KernelFunction):
        declared = cast("KernelFunction[..., Any]", function)
        arguments = _positional(checker, node, evaluate, declared.name)
        checker.at(node)
        return Poison() if arguments is None else call_kernel_function(checker, declared, arguments, node)
    if isinstance(function, Subprogram):
        return _subprogram(checker, cast("Subprogram[..., Any]", function), node, evaluate)
    if isinstance(function, MethodType) and function.__name__ == "from_bytes":
        return _from_bytes(checker, function.__self__, node, evaluate)
    return _refused(checker, function, span)


def _refused(checker: Checker, function: object, span: Span) -> Poison:
    """A call of what has no meaning in the kernel."""
    if isinstance(function, Program):
        return checker.report(
            findings.not_callable(
                span, f"the program `{function.name}`", "make a plain function of what both need"
            )
        )
    if isinstance(function, logging.Logger):
        return checker.report(findings.not_callable(span, "a logger", "use `from osmia import log`"))
    name = getattr(function, "__name__", "")
    what = f"`{name}`" if name else f"a {type(function).__name__}"
    return checker.report(findings.not_callable(span, what, _REFUSED_BUILTINS.get(name, "")))


def _subprogram(
    checker: Checker, subprogram: Subprogram[..., Any], node: ast.Call, evaluate: Evaluate
) -> Value:
    arguments = _positional(checker, node, evaluate, subprogram.name)
    if arguments is None:
        return Poison()
    checker.at(node)
    if subprogram.function in checker.frame.calls:
        return checker.report(findings.recursion(checker.span(node), subprogram.name))
    source = read_function(cast("FunctionType", subprogram.function))
    return checker.call_subprogram(checker, subprogram, source, arguments, node)


def _positional(checker: Checker, node: ast.Call, evaluate: Evaluate, name: str) -> list[Value] | None:
    if node.keywords:
        checker.report(
            findings.wrong_arguments(checker.span(node.keywords[0]), name, "no keywords in kernel code")
        )
        return None
    values = [evaluate(checker, argument) for argument in node.args]
    return None if any(isinstance(value, Poison) for value in values) else values


def _method(checker: Checker, method: Method, node: ast.Call, evaluate: Evaluate) -> Value:
    arguments = _positional(checker, node, evaluate, method.name)
    if arguments is None:
        return Poison()
    checker.at(node)
    receiver = method.receiver
    if isinstance(receiver, Reference):
        pointee = receiver.type.pointee
        python_class = checker.module.types.python_class(pointee) if pointee is not None else None
        rows = methods_of(python_class) if python_class is not None else {}
        if method.name in rows:
            return _row(checker, rows[method.name], receiver, method.name, arguments, node)
        function = vars(python_class)[method.name]
        return inline_function(checker, function, [receiver, *arguments], node)
    row = methods_of(_vocabulary_class(receiver))[method.name]
    return _row(checker, row, receiver, method.name, arguments, node)


def _row(
    checker: Checker, row: MethodRow, receiver: Value, name: str, arguments: list[Value], node: ast.Call
) -> Value:
    if row.parameters is not None and len(arguments) != len(row.parameters):
        expected = ", ".join(row.parameters) or "no arguments"
        return checker.report(findings.wrong_arguments(checker.span(node), name, expected))
    spans = tuple(checker.span(argument) for argument in node.args)
    return row.emit(checker, receiver, Call(tuple(arguments), spans, checker.span(node)))


def _vocabulary_class(receiver: Value) -> type:
    match receiver:
        case Static(value=declaration):
            return type(declaration)
        case Context(context_type=context_type):
            return context_type
        case _:
            return Packet


def _construct(checker: Checker, python_class: type, node: ast.Call, evaluate: Evaluate) -> Value:
    memory_type = checker.module.types.memory_type(python_class)
    if python_class is bool:
        return _to_bool(checker, node, evaluate)
    if isinstance(memory_type, IntegerType):
        return _to_integer(checker, python_class, memory_type, node, evaluate)
    if isinstance(memory_type, StructType) and issubclass(python_class, Struct):
        return _struct(checker, python_class, memory_type, node, evaluate)
    if python_class in (SpinLock, Timer) and memory_type is not None and not node.args:
        target = checker.slot(memory_type)
        checker.builder.emit(Zero(target, memory_type.size, alignment_of(memory_type)))
        return Reference(target, fresh=True)
    if is_atomic(python_class):
        return _atomic(checker, python_class, node, evaluate)
    if isinstance(memory_type, ArrayType):
        return _array(checker, memory_type, node, evaluate)
    name = python_class.__name__
    help_text = _REFUSED_BUILTINS.get(name, _NOT_MADE)
    return checker.report(findings.not_callable(checker.span(node), f"`{name}`", help_text))


def _to_bool(checker: Checker, node: ast.Call, evaluate: Evaluate) -> Value:
    arguments = _positional(checker, node, evaluate, "bool")
    if arguments is None or len(arguments) != 1:
        return checker.report(findings.wrong_arguments(checker.span(node), "bool", "one argument"))
    value = arguments[0]
    if isinstance(value, Scalar) and isinstance(value.type, IntegerType):
        return scalar(checker.compare("ne", value, scalar(Number(0, value.type))))
    return checker.fit(value, BOOL, checker.span(node))


def _to_integer(
    checker: Checker, python_class: type, target: IntegerType, node: ast.Call, evaluate: Evaluate
) -> Value:
    span = checker.span(node)
    if len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
        try:
            made = cast("Integer", python_class(node.args[0].value))
        except (AttributeError, TypeError):  # no type that takes text
            return checker.report(findings.text_value(checker.span(node.args[0])))
        except ValueError as error:
            return checker.report(findings.wrong_arguments(span, target.name, f"an address: {error}"))
        return scalar(Number(int(made), target))
    arguments = _positional(checker, node, evaluate, target.name)
    if arguments is None:
        return Poison()
    if len(arguments) != 1:
        return checker.report(findings.wrong_arguments(span, target.name, "one argument"))
    value = arguments[0]
    if not isinstance(value, Scalar | PlainInt):
        if isinstance(value, Reference) and value.type.nullable:
            return checker.report(findings.unchecked_lookup(span, "this", value.origin))
        help_text = "its number is `.value`" if isinstance(value, Reference) else ""
        return checker.report(findings.type_mismatch(span, "an integer", str(value), help_text))
    return checker.convert(value, target)


def _struct(
    checker: Checker, python_class: type[Struct], memory_type: StructType, node: ast.Call, evaluate: Evaluate
) -> Value:
    span = checker.span(node)
    if node.args:
        return checker.report(
            findings.wrong_arguments(span, memory_type.name, "its fields by name: `field=value`")
        )
    if memory_type.is_union:
        return _union(checker, memory_type, node)
    given: dict[str, tuple[Value, Span]] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            return checker.report(
                findings.wrong_arguments(checker.span(keyword), memory_type.name, "its fields one by one")
            )
        given[keyword.arg] = (evaluate(checker, keyword.value), checker.span(keyword.value))
    checker.at(node)
    names = tuple(member.name for member in memory_type.fields)
    for name in given:
        if name not in names:
            return checker.report(findings.no_attribute(span, memory_type.name, name, names))
    target = checker.slot(memory_type)
    if memory_type.has_padding:
        checker.builder.emit(Zero(target, memory_type.size, memory_type.alignment))
    for member in memory_type.fields:
        if member.name in given:
            value, value_span = given[member.name]
        elif member.name in python_class.defaults:
            value, value_span = literal(checker, python_class.defaults[member.name], member.type), span
        else:
            return checker.report(
                findings.wrong_arguments(
                    span, memory_type.name, f"every field by name: `{member.name}` is missing"
                )
            )
        fitted = checker.fit(value, member.type, value_span)
        if isinstance(fitted, Scalar | Reference):
            checker.store(checker.offset(target, Number(member.offset, I64), member.type), fitted)
    return Reference(target, fresh=True)


def _union(checker: Checker, memory_type: StructType, node: ast.Call) -> Value:
    if node.keywords:
        expected = "no fields: it is made zeroed, then one of them is set"
        return checker.report(findings.wrong_arguments(checker.span(node), memory_type.name, expected))
    target = checker.slot(memory_type)
    checker.builder.emit(Zero(target, memory_type.size, memory_type.alignment))
    return Reference(target, fresh=True)


def literal(checker: Checker, value: object, kind: MemoryType) -> Value:
    """The default of a field, of the field's type."""
    if isinstance(kind, BoolType):
        return scalar(Number(int(bool(value)), kind))
    if isinstance(kind, IntegerType):
        python_class = checker.module.types.python_class(kind)
        assert python_class is not None
        return scalar(Number(int(python_class(value)), kind))
    assert isinstance(value, Aggregate)
    target = checker.slot(kind)
    checker.builder.emit(Zero(target, kind.size, alignment_of(kind)))
    for position, byte in enumerate(bytes(value)):
        if byte:
            checker.store(checker.offset(target, Number(position, I64), U8), scalar(Number(byte, U8)))
    return Reference(target, fresh=True)


def _array(checker: Checker, memory_type: ArrayType, node: ast.Call, evaluate: Evaluate) -> Value:
    arguments = _positional(checker, node, evaluate, memory_type.name)
    if arguments is None:
        return Poison()
    target = checker.slot(memory_type)
    if not arguments:
        checker.builder.emit(Zero(target, memory_type.size, alignment_of(memory_type)))
        return Reference(target, fresh=True)
    if len(arguments) != memory_type.length:
        expected = f"{memory_type.length} elements, or none"
        return checker.report(findings.wrong_arguments(checker.span(node), memory_type.name, expected))
    for index, (value, argument) in enumerate(zip(arguments, node.args, strict=True)):
        fitted = checker.fit(value, memory_type.element, checker.span(argument))
        if isinstance(fitted, Scalar | Reference):
            distance = Number(index * memory_type.element.size, I64)
            checker.store(checker.offset(target, distance, memory_type.element), fitted)
    return Reference(target, fresh=True)


def _from_bytes(checker: Checker, made: object, node: ast.Call, evaluate: Evaluate) -> Value:
    """`Array[u8, Literal[n]].from_bytes(b"…")`; a character array is filled up with zeros."""
    kind = checker.module.types.memory_type(made)
    arguments = _positional(checker, node, evaluate, "from_bytes")
    if arguments is None:
        return Poison()
    span = checker.span(node)
    if len(arguments) != 1 or not isinstance(arguments[0], Bytes):
        return checker.report(findings.wrong_arguments(span, "from_bytes", "a bytes literal"))
    if not isinstance(kind, ArrayType) or kind.element != U8:
        return checker.report(findings.not_callable(span, "`from_bytes` of this", "it makes arrays of `u8`"))
    data, is_text = arguments[0].data, memory.is_text(checker, kind)
    if len(data) > kind.length or (len(data) < kind.length and not is_text):
        return checker.report(findings.bytes_length(span, len(data), kind.length, kind.name))
    return literal(checker, _holding(checker, kind, data), kind)


def _holding(checker: Checker, kind: ArrayType, data: bytes) -> Aggregate:
    """An array that holds these bytes, then zeros."""
    python_class = checker.module.types.python_class(kind)
    assert python_class is not None
    return cast("Aggregate", python_class.from_bytes(data.ljust(kind.length, bytes(1))))


def _atomic(checker: Checker, python_class: type, node: ast.Call, evaluate: Evaluate) -> Value:
    """`Atomic(u64(1))`: of the type of the integer, or of that which is written, `Atomic[u64](1)`."""
    arguments = _positional(checker, node, evaluate, "Atomic")
    if arguments is None:
        return Poison()
    if len(arguments) != 1:
        return checker.report(findings.wrong_arguments(checker.span(node), "Atomic", "one integer"))
    (value,), span, types = arguments, checker.span(node.args[0]), checker.module.types
    element: object = getattr(python_class, "element", None)
    if element is None:
        element = types.python_class(value.type) if isinstance(value, Scalar) else None
    kind = types.memory_type(element)
    wide = isinstance(kind, IntegerType) and kind.bits >= 32 and not kind.big_endian
    memory_type = types.memory_type(Atomic.__class_getitem__(element)) if wide else None
    if kind is None or memory_type is None:
        expected = "an integer of 32 or 64 bits"
        return checker.report(findings.type_mismatch(span, expected, str(value)))
    fitted = checker.fit(value, kind, span)
    target = checker.slot(memory_type)
    if isinstance(fitted, Scalar):
        checker.store(target, fitted)
    return Reference(target, fresh=True)


def _log(checker: Checker, level: int, node: ast.Call, evaluate: Evaluate) -> Value:
    span = checker.span(node)
    if len(node.args) != 1 or node.keywords:
        return checker.report(findings.log_message(span))
    message = node.args[0]
    parts: list[str | tuple[Value, str, Span]] = []
    if isinstance(message, ast.Constant) and isinstance(message.value, str):
        parts.append(message.value)
    elif isinstance(message, ast.JoinedStr):
        for piece in message.values:
            if isinstance(piece, ast.Constant):
                parts.append(str(piece.value))
                continue
            assert isinstance(piece, ast.FormattedValue)
            specification = _format_specification(piece)
            if specification is None:
                return checker.report(findings.log_format(checker.span(piece.value)))
            value = evaluate(checker, piece.value)
            if isinstance(value, Poison):
                return value
            parts.append((value, specification, checker.span(piece.value)))
    else:
        return checker.report(findings.log_message(span))
    checker.at(node)
    return emit_log(checker, level, parts)


def _format_specification(piece: ast.FormattedValue) -> str | None:
    if piece.conversion not in (-1, ord("s")):
        return None
    if piece.format_spec is None:
        return ""
    assert isinstance(piece.format_spec, ast.JoinedStr)
    texts = [part.value for part in piece.format_spec.values if isinstance(part, ast.Constant)]
    return str(texts[0]) if len(texts) == len(piece.format_spec.values) == 1 else None


def inline_function(
    checker: Checker, function: FunctionType, arguments: list[Value], node: ast.expr
) -> Value:
    """Check and emit the body of another function in place of the call."""
    if function is loop:
        help_text = "it stands in `for i in loop(n):` only"
        return checker.report(findings.not_callable(checker.span(node), "`loop`", help_text))
    if function in checker.frame.calls:
        return checker.report(findings.recursion(checker.span(node), function.__name__))
    if any(isinstance(argument, Poison) for argument in arguments):
        return Poison()
    return checker.inline(checker, read_function(function), arguments, node)
