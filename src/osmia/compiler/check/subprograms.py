"""Calls of subprograms: each is compiled once for the memory that its arguments lie in, then called."""

from __future__ import annotations

import ast
from types import NoneType
from typing import Any

from osmia.compiler import findings
from osmia.compiler.check import assignments, locks, reservations
from osmia.compiler.check.builtin_functions import BUILTINS
from osmia.compiler.check.context import CheckedSubprogram, Checker
from osmia.compiler.check.frames import Frame
from osmia.compiler.check.helper_rules import packet_moved
from osmia.compiler.check.inlining import check_body, inline, open_result
from osmia.compiler.check.signature import Annotation, Signature, fit_argument, read_signature
from osmia.compiler.check.values import Absent, Context, Poison, Reference, Scalar, Value, scalar
from osmia.compiler.ir.functions import Linkage
from osmia.compiler.ir.operands import Number, Operand, Parameter, Scope
from osmia.compiler.ir.ops import Argument, CallFunction, ContextAddress, LoadLocal
from osmia.compiler.ir.types import I32, BoolType, IntegerType, PointerType, Space
from osmia.compiler.primitives.contexts import CONTEXTS
from osmia.compiler.source import FunctionSource
from osmia.dataclass import replace
from osmia.lang.functions import Subprogram

_MOST_ARGUMENTS = 5
"""Registers R1 to R5 (MAX_BPF_FUNC_REG_ARGS)."""

_HELP = {
    "Packet": "hand over `ctx` and call `ctx.packet()` there, or a header that was read",
    "int": "give it a width, such as `u32`",
}


def call_subprogram(
    checker: Checker,
    subprogram: Subprogram[..., Any],
    source: FunctionSource,
    arguments: list[Value],
    node: ast.expr,
) -> Value:
    """A call of a function that is not inlined."""
    signature = _signature(checker, source)
    if signature is None:
        return Poison()
    parameters = source.node.args.args
    if len(parameters) != len(arguments):
        expected = f"{len(parameters)} argument{'s' if len(parameters) != 1 else ''}, not {len(arguments)}"
        return checker.report(findings.wrong_arguments(checker.span(node), subprogram.name, expected))
    fitted = [
        fit_argument(checker, annotation, value, node)
        for annotation, value in zip(signature.parameters, arguments, strict=True)
        if annotation is not None
    ]
    if any(isinstance(value, Poison) for value in fitted):
        return Poison()
    spaces = tuple(value.type.space for value in fitted if isinstance(value, Reference))
    key = (subprogram, checker.program_type, () if subprogram.verified_alone else spaces)
    if key not in checker.module.subprograms:
        checker.module.subprograms[key] = _check(checker, subprogram, source, signature, fitted)
    checked = checker.module.subprograms[key]
    if checked.ir is None:
        return Poison()
    operands = tuple(_operand(checker, value) for value in fitted)
    result = checker.builder.register(checked.ir.return_type)
    checker.builder.emit(CallFunction(result, checked.name, operands))
    if checked.moves_packet:
        packet_moved(checker)
    return Absent() if signature.result in (None, NoneType) else scalar(result)


def _signature(checker: Checker, source: FunctionSource) -> Signature | None:
    """The signature, where all of it can be handed over."""
    caller = checker.frame
    checker.frame = Frame(source, _scope(source, source.node.name), caller.program, None)
    before = len(checker.module.findings)
    try:
        signature = read_signature(checker, source)
        if signature is None:
            return None
        _check_signature(checker, source, signature)
    finally:
        checker.frame = caller
    return signature if len(checker.module.findings) == before else None


def _check_signature(checker: Checker, source: FunctionSource, signature: Signature) -> None:
    name, parameters = source.node.name, source.node.args.args
    if len(parameters) > _MOST_ARGUMENTS:
        help_text = "put some of them into a @struct"
        what = f"{len(parameters)} arguments: there are {_MOST_ARGUMENTS} registers for them"
        checker.report(findings.subprogram_parameter(source.span_of_name(), name, what, help_text))
    for parameter, annotation in zip(parameters, signature.parameters, strict=True):
        if annotation is None:
            checker.report(findings.missing_annotation(checker.span(parameter), name, f"`{parameter.arg}`"))
        elif not _crosses(checker, annotation):
            help_text = _HELP.get(annotation.text, "take it from the module, or let it be inlined")
            what = f"a `{annotation.text}`"
            checker.report(findings.subprogram_parameter(checker.span(parameter), name, what, help_text))
    inner, _ = checker.module.types.split_optional(signature.result)
    memory_type = checker.module.types.memory_type(inner)
    if signature.result not in (None, NoneType) and not isinstance(memory_type, IntegerType | BoolType):
        text = ast.unparse(signature.node)
        checker.report(findings.subprogram_result(checker.span(signature.node), name, text))


def _crosses(checker: Checker, annotation: Annotation) -> bool:
    """Whether a value of that type fits into a register: itself, or its address."""
    inner, _ = checker.module.types.split_optional(annotation.meaning)
    types = checker.module.types
    is_context = isinstance(inner, type) and inner in CONTEXTS
    return is_context or types.memory_type(inner) is not None or types.pointer_target(inner) is not None


def _operand(checker: Checker, value: Value) -> Operand:
    if isinstance(value, Scalar | Reference):
        return value.operand
    assert isinstance(value, Context)
    address = checker.builder.register(PointerType(None, Space.CONTEXT))
    checker.builder.emit(ContextAddress(address))
    return address


def _scope(source: FunctionSource, name: str) -> Scope:
    return Scope(name, source.filename, source.node.lineno)


def _check(
    caller: Checker,
    subprogram: Subprogram[..., Any],
    source: FunctionSource,
    signature: Signature,
    arguments: list[Value],
) -> CheckedSubprogram:
    """The body of a subprogram, for arguments like these."""
    module, before = caller.module, len(caller.module.findings)
    name = unique(subprogram.name, module.names)
    if not name.isascii():
        caller.report(findings.kernel_name(source.span_of_name(), "the function", name))
        return CheckedSubprogram(name)
    module.names.add(name)
    scope = _scope(source, name)
    frame = Frame(source, scope, caller.frame.program, signature.result)
    frame.calls = (*caller.frame.calls, source.function)
    inner, _ = module.types.split_optional(signature.result)
    found = module.types.memory_type(inner)
    result_type = found if isinstance(found, IntegerType | BoolType) else I32
    checker = checker_of(caller, frame, result_type)
    frame.exit = checker.builder.block()
    open_result(checker, frame, signature)
    names = source.node.args.args
    given = [
        (parameter, _parameter(checker, position, annotation, value, alone=subprogram.verified_alone))
        for position, (parameter, annotation, value) in enumerate(
            zip(names, signature.parameters, arguments, strict=True)
        )
    ]
    checker.state = check_body(checker, frame, signature, given)
    reservations.program_ends(checker, source.node.body[-1], f"the end of `{name}`")
    result: Operand = Number(0, result_type)
    if frame.result is not None:
        result = checker.builder.register(result_type)
        checker.builder.emit(LoadLocal(result, frame.result))
    checker.builder.finish(result)
    if len(module.findings) > before:
        return CheckedSubprogram(name)
    context = CONTEXTS[checker.context_type].kernel_name
    ir = replace(
        checker.builder.build(name, "", context, result_type, scope, ""),
        linkage=Linkage.GLOBAL if subprogram.verified_alone else Linkage.STATIC,
        parameters=tuple(
            Parameter(parameter.arg, _type(value)) for parameter, value in zip(names, given, strict=True)
        ),
    )
    return CheckedSubprogram(name, ir, checker.packet_reload)


def checker_of(caller: Checker, frame: Frame, result: IntegerType | BoolType) -> Checker:
    """The state of checking another function of the object, for programs like the caller's."""
    checker = Checker(caller.module, frame, caller.context_type, caller.program_type, result)
    checker.inline, checker.bind, checker.call_subprogram = inline, assignments.bind, call_subprogram
    checker.give_back = locks.give_back
    checker.compile_timer_callback = caller.compile_timer_callback
    checker.builtins = BUILTINS
    checker.is_subprogram = True
    return checker


def _parameter(
    checker: Checker, position: int, annotation: Annotation | None, argument: Value, *, alone: bool
) -> Value:
    """What a parameter is inside of the function."""
    assert annotation is not None
    if isinstance(argument, Context):
        return argument
    if isinstance(argument, Scalar):
        register = checker.builder.register(argument.type)
        checker.builder.emit(Argument(register, position))
        return scalar(register)
    assert isinstance(argument, Reference)
    _, optional = checker.module.types.split_optional(annotation.meaning)
    space = Space.MEMORY if alone else argument.type.space
    register = checker.builder.register(PointerType(argument.type.pointee, space, nullable=optional))
    checker.builder.emit(Argument(register, position))
    if alone and not optional:
        # The verifier takes any pointer for null that a global function is given.
        checker.refuse(checker.is_null(register).operand)
    return Reference(register, f"`{annotation.text}` says so" if optional else "")


def _type(given: tuple[ast.arg, Value]) -> IntegerType | BoolType | PointerType:
    _, value = given
    if isinstance(value, Scalar | Reference):
        return value.type
    return PointerType(None, Space.CONTEXT)


def unique(name: str, taken: set[str]) -> str:
    """The name, with a number where another function of the object has it."""
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique
