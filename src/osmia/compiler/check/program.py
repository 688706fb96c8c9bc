"""Checks one declared program: its parameter, its body, its verdict."""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any, cast

from osmia.compiler import findings
from osmia.compiler.check import assignments, kernel_arguments
from osmia.compiler.check.builtin_functions import BUILTINS
from osmia.compiler.check.context import Checker, MayBeNoneError, ModuleContext
from osmia.compiler.check.frames import Flow, Frame, Variable
from osmia.compiler.check.inlining import inline
from osmia.compiler.check.locks import give_back
from osmia.compiler.check.statements import statements
from osmia.compiler.check.subprograms import call_subprogram
from osmia.compiler.check.timer_callbacks import compile_timer_callback
from osmia.compiler.check.values import Context
from osmia.compiler.frontend.syntax import refused_constructs
from osmia.compiler.ir.builder import MOST_OPERATIONS, TooLargeError
from osmia.compiler.ir.functions import FunctionIr
from osmia.compiler.ir.operands import Number, Scope
from osmia.compiler.ir.types import I32, IntegerType
from osmia.compiler.primitives.contexts import CONTEXTS
from osmia.compiler.source import FunctionSource, read_function
from osmia.lang.kernel_programs import TypedProgram
from osmia.lang.programs import Program


def check_program(program: Program[Any, Any], module: ModuleContext) -> FunctionIr | None:
    """The IR of a program; None where findings were reported."""
    source = read_function(cast("FunctionType", program.function))
    span = source.span_of_name()
    if not program.name.isascii():
        module.findings.append(findings.kernel_name(span, "the program", program.name))
        return None
    found, logged, subprograms = len(module.findings), module.log.mark(), dict(module.subprograms)
    try:
        while True:
            try:
                return _check(program, module, source)
            except MayBeNoneError:
                del module.findings[found:]
                module.log.reset(logged)
                module.subprograms = dict(subprograms)
    except RecursionError:
        module.findings.append(findings.too_deep(span, program.name))
    except TooLargeError:
        module.findings.append(findings.too_large(span, program.name, MOST_OPERATIONS))
    return None


def _check(program: Program[Any, Any], module: ModuleContext, source: FunctionSource) -> FunctionIr | None:
    before = len(module.findings)
    module.findings += refused_constructs(source)
    parameters = source.node.args.args
    scope = Scope(source.node.name, source.filename, source.node.lineno)
    frame = Frame(source, scope, program.name, program.return_type)
    frame.calls = (source.function,)
    return_type = I32 if program.return_type is int else module.types.memory_type(program.return_type)
    assert isinstance(return_type, IntegerType)
    checker = Checker(module, frame, program.context_type, program.program_type, return_type)
    checker.inline = inline
    checker.builtins = BUILTINS
    checker.call_subprogram = call_subprogram
    checker.compile_timer_callback = compile_timer_callback
    checker.bind = assignments.bind
    checker.give_back = give_back
    if len(parameters) != 1 and not isinstance(program, TypedProgram):
        expected = f"one parameter, `ctx: {program.context_type.__name__}`"
        checker.report(findings.wrong_arguments(source.span_of_name(), program.name, expected))
    if len(module.findings) > before:
        return None
    argument = parameters[0].arg
    frame.variables[argument] = Variable(None, Context(_context_class(checker, program, parameters[0])))
    checker.state = Flow(frozenset({argument}))
    if isinstance(program, TypedProgram):
        kernel_arguments.bind_arguments(checker, program, source.node)
    end = statements(checker, source.node.body)
    if end is not None:
        checker.report(findings.missing_return(source.span_of_name(), program.name, return_type.name))
    if len(module.findings) > before:
        return None
    checker.builder.finish(Number(0, return_type))
    context = CONTEXTS[program.context_type].kernel_name
    return checker.builder.build(program.name, program.section, context, return_type, scope, argument)


def _context_class(checker: Checker, program: Program[Any, Any], parameter: ast.arg) -> type:
    """The context's class: the program's, or a subclass of it that the parameter is annotated with."""
    if parameter.annotation is not None:
        meaning = checker.annotation(parameter.annotation)
        if isinstance(meaning, type) and issubclass(meaning, program.context_type):
            return meaning
        fits = not isinstance(meaning, type) or issubclass(program.context_type, meaning)
        if not fits and not isinstance(program, TypedProgram):
            expected, span = program.context_type.__name__, checker.span(parameter.annotation)
            given = ast.unparse(parameter.annotation)
            checker.report(findings.type_mismatch(span, expected, given, f"write `ctx: {expected}`"))
    return program.context_type
