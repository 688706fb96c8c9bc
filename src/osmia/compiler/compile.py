"""The way from declared programs to an ELF object."""

from __future__ import annotations

from types import FunctionType
from typing import Any, cast

from osmia.compiler import findings
from osmia.compiler.backend.assembly import print_assembly
from osmia.compiler.backend.llvm_process import LlvmError, llvm
from osmia.compiler.check.context import ModuleContext
from osmia.compiler.check.program import check_program
from osmia.compiler.check.type_table import TypeTable
from osmia.compiler.ir.ops import MapDefinition, ModuleIr, VariableDefinition
from osmia.compiler.ir.types import U32, U64, ArrayType, MemoryType, StructField, StructType, alignment_of
from osmia.compiler.primitives.log import LOG_LEVEL, LOG_MAP
from osmia.compiler.primitives.log_table import LogTable
from osmia.compiler.source import read_function
from osmia.errors import CompileError, InternalError, UsageError
from osmia.lang.constants import Constant
from osmia.lang.maps import Map
from osmia.lang.programs import Program
from osmia.lang.references import References, references_of
from osmia.lang.stack_traces import StackTrace
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
    module = check(programs, references)
    text = print_assembly(module, _filename(programs))
    try:
        return llvm.emit(text, cpu)
    except LlvmError as failure:
        raise _explain(programs, module, str(failure)) from None


def check(programs: tuple[Program[Any, Any], ...], references: References | None = None) -> ModuleIr:
    """The typed IR of some programs; CompileError with every finding."""
    found = references if references is not None else references_of(programs)
    for position, program in enumerate(programs):
        if program.name in {other.name for other in programs[:position]}:
            help_text = "rename one: both go into one object"
            raise UsageError(f"two programs are named {program.name!r}", help_text)
    types = TypeTable()
    maps = {declaration: _define_map(name, declaration, types) for name, declaration in found.maps.items()}
    constants: dict[Constant[Any], VariableDefinition] = {}
    for name, constant in found.constants.items():
        memory_type = types.memory_type(type(constant.default))
        assert memory_type is not None
        constants[constant] = VariableDefinition(name, memory_type, int(constant.default))
    context = ModuleContext(types, maps, constants, LogTable())
    functions = [check_program(program, context) for program in programs]
    if context.findings:
        raise CompileError(tuple(context.findings)).with_traceback(None)
    log_formats = context.log.encode()
    definitions = (*maps.values(), *((LOG_MAP,) if log_formats else ()))
    return ModuleIr(
        tuple(function for function in functions if function is not None),
        definitions,
        (*constants.values(), *((LOG_LEVEL,) if log_formats else ())),
        log_formats,
    )


def assembly(programs: tuple[Program[Any, Any], ...]) -> str:
    """The LLVM assembly of some programs, before optimisation."""
    return print_assembly(check(programs), _filename(programs))


def _filename(programs: tuple[Program[Any, Any], ...]) -> str:
    return cast("FunctionType", programs[0].function).__code__.co_filename


def _define_map(name: str, declaration: Map, types: TypeTable) -> MapDefinition:
    number = int(declaration.map_type)
    if declaration.map_type is MapType.RINGBUF:
        return MapDefinition(name, number, None, None, declaration.max_entries)
    if declaration.map_type is MapType.PERF_EVENT_ARRAY:
        # Zero entries: the loader makes it as large as the machine has processors.
        return MapDefinition(name, number, U32, U32, 0)
    if isinstance(declaration, StackTrace):
        addresses = ArrayType("addresses", U64, declaration.depth)
        return MapDefinition(name, number, U32, addresses, declaration.max_entries)
    key, value = types.memory_type(declaration.key_type), types.memory_type(declaration.value_type)
    assert key is not None
    assert value is not None
    if declaration.map_type is MapType.LPM_TRIE:
        key = _trie_key(key)
    return MapDefinition(name, number, key, value, declaration.max_entries, declaration.flags)


def _trie_key(address: MemoryType) -> StructType:
    """The kernel's key of an LPM trie: prefix length, then the address without a gap."""
    fields = (StructField("prefix_length", U32, 0), StructField("address", address, 4))
    return StructType(f"{address}_prefix", fields, 4 + address.size, max(4, alignment_of(address)))


def _explain(programs: tuple[Program[Any, Any], ...], module: ModuleIr, words: str) -> Exception:
    """LLVM's refusal as a finding about the user's program."""
    by_name = {program.name: program for program in programs}
    named = [program for name, program in by_name.items() if name in words] or list(programs)
    span = read_function(cast("FunctionType", named[0].function)).span_of_name()
    if any(marker in words for marker in _FIRST_STACK_WORDS):
        function = next(function for function in module.functions if function.name == named[0].name)
        used = sum((slot.type.size + 7) // 8 * 8 for slot in function.slots)
        return CompileError((findings.stack_limit(span, named[0].name, used),))
    last = words.strip().splitlines()[-1] if words.strip() else "it ended without a word"
    if "LLVM ERROR" not in words:
        return InternalError("LLVM", last)
    return CompileError((findings.backend_refused(span, named[0].name, last),))
