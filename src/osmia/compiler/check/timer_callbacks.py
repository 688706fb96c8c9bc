"""What timers call: a function of the object that the kernel calls with a map, a key and a value."""

from __future__ import annotations

import ast
from types import FunctionType, NoneType
from typing import Any, cast

from osmia.compiler import findings
from osmia.compiler.check import reservations
from osmia.compiler.check.context import CheckedSubprogram, Checker
from osmia.compiler.check.frames import Frame
from osmia.compiler.check.inlining import check_body
from osmia.compiler.check.signature import Signature, read_signature
from osmia.compiler.check.subprograms import checker_of, unique
from osmia.compiler.check.values import Reference, Value
from osmia.compiler.ir.functions import Linkage
from osmia.compiler.ir.operands import Number, Parameter, Scope
from osmia.compiler.ir.ops import Argument
from osmia.compiler.ir.types import I64, MemoryType, PointerType, Space
from osmia.compiler.primitives.contexts import CONTEXTS
from osmia.compiler.source import FunctionSource, read_function
from osmia.dataclass import replace
from osmia.lang.timer_callbacks import TimerCallback


def compile_timer_callback(caller: Checker, callback: TimerCallback[Any, Any]) -> str | None:
    """Its name in the object, compiled once for each type of program; None where findings were reported."""
    module, key = caller.module, (callback, caller.program_type)
    if key in module.subprograms:
        return module.subprograms[key].name
    source = read_function(cast("FunctionType", callback.function))
    if not callback.name.isascii():
        caller.report(findings.kernel_name(source.span_of_name(), "the function", callback.name))
        return None
    name = unique(callback.name, module.names)
    module.names.add(name)
    # Known before its body is: it may start its timer again.
    module.subprograms[key] = CheckedSubprogram(name)
    before = len(module.findings)
    scope = Scope(name, source.filename, source.node.lineno)
    frame = Frame(source, scope, caller.frame.program, None)
    frame.calls = (source.function,)
    checker = checker_of(caller, frame, I64)
    signature = read_signature(checker, source)
    if signature is None or not _matches(checker, callback, source, signature):
        return None
    parameters = _parameters(checker, callback)
    frame.exit, frame.return_annotation = checker.builder.block(), None
    given = _given(checker, parameters)
    names = source.node.args.args
    checker.state = check_body(checker, frame, signature, list(zip(names, given, strict=True)))
    reservations.program_ends(checker, source.node.body[-1], f"the end of `{name}`")
    checker.builder.finish(Number(0, I64))
    if len(module.findings) > before:
        return None
    context = CONTEXTS[checker.context_type].kernel_name
    ir = replace(
        checker.builder.build(name, "", context, I64, scope, ""),
        linkage=Linkage.STATIC,
        parameters=parameters,
    )
    module.subprograms[key] = CheckedSubprogram(name, ir)
    return name


def _types(checker: Checker, callback: TimerCallback[Any, Any]) -> tuple[MemoryType, MemoryType]:
    key = checker.module.types.memory_type(callback.map.key_type)
    value = checker.module.types.memory_type(callback.map.value_type)
    assert key is not None
    assert value is not None
    return key, value


def _matches(
    checker: Checker, callback: TimerCallback[Any, Any], source: FunctionSource, signature: Signature
) -> bool:
    """Whether it takes a key and a value of its map, and gives nothing; reports where not."""
    key, value = _types(checker, callback)
    help_text = f"write `def {callback.name}(key: {key}, value: {value}) -> None:`"
    expected = (key, value)
    types = checker.module.types
    found = [types.memory_type(each.meaning) if each is not None else None for each in signature.parameters]
    span = source.span_of_name()
    if len(found) != len(expected):
        what = f"a timer calls with two arguments, not {len(found)}: the key and the value of its entry"
        checker.report(findings.timer_callback(span, what, help_text))
        return False
    for parameter, own, wanted in zip(source.node.args.args, found, expected, strict=True):
        if own != wanted:
            what = f"a timer in this map calls with a `{wanted}` here"
            checker.report(findings.timer_callback(checker.span(parameter), what, help_text))
            return False
    if signature.result not in (None, NoneType):
        what = f"nobody takes what a timer's function gives: `{ast.unparse(signature.node)}`"
        checker.report(findings.timer_callback(checker.span(signature.node), what, help_text))
        return False
    return True


def _parameters(checker: Checker, callback: TimerCallback[Any, Any]) -> tuple[Parameter, ...]:
    key, value = _types(checker, callback)
    return (
        Parameter("map", PointerType(None, Space.MAP)),
        Parameter("key", PointerType(key, Space.MAP_VALUE)),
        Parameter("value", PointerType(value, Space.SHARED_MAP_VALUE)),
    )


def _given(checker: Checker, parameters: tuple[Parameter, ...]) -> list[Value]:
    """The key, copied: in the map it may not be written. And the value, in place."""
    places: list[Reference] = []
    for position, parameter in enumerate(parameters[1:], 1):
        assert isinstance(parameter.type, PointerType)
        register = checker.builder.register(parameter.type)
        checker.builder.emit(Argument(register, position))
        places.append(Reference(register))
    key = checker.load(places[0])
    if isinstance(key, Reference):
        assert key.type.pointee is not None
        target = checker.slot(key.type.pointee)
        checker.store(target, key)
        key = Reference(target, fresh=True)
    return [key, places[1]]
