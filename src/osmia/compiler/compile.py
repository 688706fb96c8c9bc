"""The way from declared programs to an ELF object."""

from __future__ import annotations

import linecache
import re
from types import FunctionType
from typing import Any, cast

from osmia.compiler import findings
from osmia.compiler.backend.assembly import print_assembly
from osmia.compiler.backend.call_stack import MOST_BYTES, MOST_FRAMES, chains, frame_sizes, has_calls
from osmia.compiler.backend.llvm_process import LlvmError, llvm
from osmia.compiler.check.context import ModuleContext
from osmia.compiler.check.program import check_program
from osmia.compiler.check.type_table import TypeTable
from osmia.compiler.ir.functions import ModuleIr
from osmia.compiler.ir.operands import Location, MapDefinition, VariableDefinition
from osmia.compiler.ir.types import U32, U64, ArrayType, MemoryType, StructField, StructType, alignment_of
from osmia.compiler.passes.outline_loops import KeptStructError, outline_loops
from osmia.compiler.primitives.log import LOG_LEVEL, LOG_MAP
from osmia.compiler.primitives.log_table import LogTable
from osmia.compiler.source import read_function
from osmia.diagnostics import Span
from osmia.errors import CompileError, InternalError, UsageError
from osmia.lang.constants import Constant
from osmia.lang.map_of_maps import is_map_of_maps
from osmia.lang.maps import Map
from osmia.lang.program_arrays import is_program_array
from osmia.lang.programs import Program
from osmia.lang.queues import KeylessMap
from osmia.lang.references import References, references_of
from osmia.lang.stack_traces import StackTrace
from osmia.lang.variables import Global
from osmia.uapi import MapType

DEFAULT_CPU = 3
"""BPF processor level v3 (Linux 5.1): what the oldest supported kernel has."""

_FIRST_STACK_WORDS = ("BPF stack limit", "stack limit exceeded", "unsupported dynamic stack allocation")


def compile_programs(
    programs: tuple[Program[Any, Any], ...],
    references: References | None = None,
    *,
    cpu: int = DEFAULT_CPU,
) -> bytes:
    """The ELF object of some programs and all that they use; CompileError with every finding."""
    llvm.start()
    references = references if references is not None else references_of(programs)
    programs = tuple(references.programs)
    module = check(programs, references)
    text = print_assembly(module, _filename(programs))
    try:
        data = llvm.emit(text, cpu)
    except LlvmError as failure:
        raise _explain(programs, module, str(failure)) from None
    if has_calls(module):
        _check_call_stack(module, data)
    return data


def check(programs: tuple[Program[Any, Any], ...], references: References | None = None) -> ModuleIr:
    """The typed IR of some programs; CompileError with every finding."""
    found = references if references is not None else references_of(programs)
    programs = tuple(found.programs)
    for position, program in enumerate(programs):
        if program.name in {other.name for other in programs[:position]}:
            help_text = "rename one: both go into one object"
            raise UsageError(f"two programs are named {program.name!r}", help_text)
        if program.name in {other.section for other in programs}:
            # LLVM would make one symbol of the two.
            raise UsageError(f"program {program.name!r} is named like a section of the object", "rename it")
    types = TypeTable()
    maps = {declaration: _define_map(name, declaration, types) for name, declaration in found.maps.items()}
    constants: dict[Constant[Any], VariableDefinition] = {}
    for name, constant in found.constants.items():
        memory_type = types.memory_type(type(constant.default))
        assert memory_type is not None
        constants[constant] = VariableDefinition(name, memory_type, int(constant.default))
    variables = {variable: _define_global(name, variable, types) for name, variable in found.globals.items()}
    context = ModuleContext(
        types, maps, constants, variables, LogTable(), set(found.names) - set(found.subprograms)
    )
    functions = [check_program(program, context) for program in programs]
    if context.findings:
        raise CompileError(tuple(context.findings)).with_traceback(None)
    log_formats = context.log.encode()
    counters = (context.lost_events,) if context.lost_events is not None else ()
    in_object = [each for each in maps.values() if each.pointer is None]
    definitions = (*in_object, *counters, *((LOG_MAP,) if log_formats else ()))
    subprograms = [each.ir for each in context.subprograms.values()]
    module = ModuleIr(
        tuple(function for function in (*functions, *subprograms) if function is not None),
        definitions,
        (*constants.values(), *variables.values(), *((LOG_LEVEL,) if log_formats else ())),
        log_formats,
    )
    try:
        return outline_loops(module)
    except KeptStructError as error:
        raise CompileError((findings.kept_struct(_span(error.location), error.name),)) from None


def _check_call_stack(module: ModuleIr, data: bytes) -> None:
    """Refuse chains of calls that the verifier would refuse."""
    largest, longest = chains(module, frame_sizes(data))
    if largest.size > MOST_BYTES and largest.call is not None:
        finding = findings.call_stack(_span(largest.call), largest.names, largest.frames, MOST_BYTES)
        raise CompileError((finding,))
    if len(longest.names) > MOST_FRAMES and longest.call is not None:
        raise CompileError((findings.call_depth(_span(longest.call), longest.names, MOST_FRAMES),))


def _span(location: Location) -> Span:
    """From a place in the source to the end of its line."""
    text = linecache.getline(location.scope.filename, location.line).rstrip()
    start, end = location.column - 1, max(len(text), location.column)
    return Span(location.scope.filename, location.line, start, location.line, end, text)


def assembly(programs: tuple[Program[Any, Any], ...]) -> str:
    """The LLVM assembly of some programs, before optimisation."""
    return print_assembly(check(programs), _filename(programs))


def _filename(programs: tuple[Program[Any, Any], ...]) -> str:
    return cast("FunctionType", programs[0].function).__code__.co_filename


def _define_map(name: str, declaration: Map, types: TypeTable) -> MapDefinition:
    number = int(declaration.map_type)
    if declaration.map_type is MapType.RINGBUF:
        return MapDefinition(name, number, None, None, declaration.max_entries)
    if isinstance(declaration, KeylessMap):
        value = types.memory_type(declaration.value_type)
        return MapDefinition(name, number, None, value, declaration.max_entries)
    if declaration.map_type is MapType.PERF_EVENT_ARRAY:
        # Zero entries: the loader makes it as large as the machine has processors.
        return MapDefinition(name, number, U32, U32, 0)
    if is_program_array(declaration):
        given = declaration.programs.items()
        entries = tuple((index, program.name) for index, program in given)
        return MapDefinition(name, number, U32, U32, declaration.max_entries, programs=entries)
    if isinstance(declaration, StackTrace):
        addresses = ArrayType("addresses", U64, declaration.depth)
        return MapDefinition(name, number, U32, addresses, declaration.max_entries)
    inner = _define_map(name, declaration.inner, types) if is_map_of_maps(declaration) else None
    key, value = types.memory_type(declaration.key_type), types.memory_type(declaration.value_type)
    assert key is not None
    assert value is not None
    if declaration.map_type is MapType.LPM_TRIE:
        key = _trie_key(key)
    return MapDefinition(name, number, key, value, declaration.max_entries, declaration.flags, inner=inner)


def _define_global(name: str, variable: Global[Any], types: TypeTable) -> VariableDefinition:
    memory_type = types.memory_type(variable.type)
    assert memory_type is not None
    return VariableDefinition(name, memory_type, contents=variable.contents)


def _trie_key(address: MemoryType) -> StructType:
    """The kernel's key of an LPM trie: prefix length, then the address without a gap."""
    fields = (StructField("prefix_length", U32, 0), StructField("address", address, 4))
    return StructType(f"{address}_prefix", fields, 4 + address.size, max(4, alignment_of(address)))


def _explain(programs: tuple[Program[Any, Any], ...], module: ModuleIr, words: str) -> Exception:
    """LLVM's refusal as a finding about the user's program."""
    found = re.search(r"in function (\w+)", words)
    named = [function for function in module.functions if found is not None and function.name == found[1]]
    named = named or list(module.functions)
    function, name = named[0], named[0].name
    program = next((each for each in programs if each.name == name), None)
    if program is None:
        span = _span(Location(function.scope.line, 1, function.scope))
    else:
        span = read_function(cast("FunctionType", program.function)).span_of_name()
    if any(marker in words for marker in _FIRST_STACK_WORDS):
        used = sum((slot.type.size + 7) // 8 * 8 for slot in function.slots)
        return CompileError((findings.stack_limit(span, name, used),))
    last = words.strip().splitlines()[-1] if words.strip() else "it ended without a word"
    if "LLVM ERROR" not in words:
        return InternalError("LLVM", last)
    return CompileError((findings.backend_refused(span, name, last),))
