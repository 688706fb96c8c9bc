"""ELF bytes -> ObjectSpec. Takes what LLVM writes for the target `bpfel`, ours and clang's alike."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from osmia import elf
from osmia.btf import Btf, BtfExtension, CoreRelocation, decode_btf, decode_extension
from osmia.btf.types import Function
from osmia.dataclass import dataclass, replace
from osmia.errors import MalformedError, NotSupportedError
from osmia.loader.instructions import CALL, LARGEST_PROGRAM, LOAD_IMMEDIATE_64, SIZE, Instruction, unpack
from osmia.loader.map_definitions import data_map, is_data_section, map_definitions, place_variables
from osmia.loader.sections import rule_of
from osmia.loader.specification import (
    FunctionReference,
    FunctionSpec,
    KernelFunctionReference,
    MapReference,
    MapSpec,
    ObjectSpec,
    ProgramSpec,
    Reference,
    SourceLine,
)
from osmia.uapi import PseudoSource

_ABSOLUTE_64 = 1
_CALL_32 = 10
_SUBPROGRAMS = ".text"
_LICENSE = "license"
_MOST_DATA_SECTIONS = 64
_ADMINISTRATIVE = (".rel", ".BTF", ".debug", ".symtab", ".strtab", ".shstrtab", ".llvm", ".eh_frame", ".maps")


def _fault(reason: str, offset: int | None = None) -> MalformedError:
    return MalformedError("ELF object", reason, offset)


@dataclass(frozen=True)
class _Context:
    """What every function of the file refers to."""

    elf: elf.ElfObject
    btf: Btf | None
    extension: BtfExtension | None
    map_places: dict[tuple[int, int], str]
    """Section index and offset of each map of `.maps`."""
    data_maps: dict[int, str]
    """Section index of each data section."""
    functions: dict[tuple[int, int], str]
    """Section index and offset of each function."""


def read_object(data: bytes) -> ObjectSpec:
    """Describe the object file in `data`; no system call is made.

    Raises:
        MalformedError: not a BPF object file, or one whose parts do not fit together.
        NotSupportedError: it needs something that the loader cannot do yet, such as an external symbol.
    """
    file = elf.read_elf(data)
    if file.machine not in (elf.MACHINE_BPF, 0):
        raise _fault(f"for machine {file.machine}, not for BPF", 18)
    btf, extension = _read_btf(file)
    maps: dict[str, MapSpec] = {}
    places: dict[tuple[int, int], str] = {}
    map_section = file.section(".maps")
    for offset, spec in map_definitions(file, btf):
        maps[spec.name] = spec
        assert map_section is not None
        places[map_section.index, offset] = spec.name
    data_maps: dict[int, str] = {}
    for section in file.sections:
        if is_data_section(section.name) and section.size and section.type != elf.SectionType.REL:
            if section.name in maps:
                raise _fault(f"two sections are named {section.name!r}")
            if len(data_maps) >= _MOST_DATA_SECTIONS:
                raise _fault(f"more than {_MOST_DATA_SECTIONS} data sections")
            maps[section.name] = data_map(file, section, btf)
            data_maps[section.index] = section.name
    functions = {
        (symbol.section, symbol.value): symbol.name
        for symbol in file.symbols
        if symbol.type == elf.SymbolType.FUNC and symbol.section is not None
    }
    context = _Context(file, btf, extension, places, data_maps, functions)
    license = file.section(_LICENSE)
    return ObjectSpec(
        programs=dict(_programs(context)),
        maps=maps,
        license=license.data.split(b"\0")[0].decode(errors="replace") if license else "",
        btf=btf,
        extra=_extra(file),
    )


def _read_btf(file: elf.ElfObject) -> tuple[Btf | None, BtfExtension | None]:
    section = file.section(".BTF")
    if section is None:
        return None, None
    btf = place_variables(decode_btf(section.data), file)
    section = file.section(".BTF.ext")
    return btf, decode_extension(section.data, btf) if section else None


def _extra(file: elf.ElfObject) -> dict[str, bytes]:
    def means_something(section: elf.Section) -> bool:
        executable = section.flags & elf.SectionFlag.EXECINSTR
        return bool(
            executable
            or section.name in ("", _LICENSE)
            or section.name.startswith(_ADMINISTRATIVE)
            or is_data_section(section.name)
        )

    return {section.name: section.data for section in file.sections if not means_something(section)}


def _programs(context: _Context) -> Iterator[tuple[str, ProgramSpec]]:
    functions: dict[str, FunctionSpec] = {}
    room = sum(len(section.data) for section in context.elf.sections)
    entries: list[tuple[str, elf.Section]] = []
    for symbol in context.elf.symbols:
        if symbol.type != elf.SymbolType.FUNC or symbol.section is None:
            continue
        section = context.elf.sections[symbol.section]
        if symbol.name in functions:
            raise _fault(f"two functions are named {symbol.name!r}")
        room -= symbol.size
        if room < 0:
            raise _fault(f"function {symbol.name!r} overlaps others")
        functions[symbol.name] = _function(context, symbol, section)
        if section.name != _SUBPROGRAMS:
            entries.append((symbol.name, section))
    for name, section in entries:
        rule = rule_of(section.name)
        if rule is None:
            raise NotSupportedError(f"program {name!r} in section {section.name!r}", needs="a later osmia")
        yield (
            name,
            ProgramSpec(
                name,
                rule.type,
                section.name,
                functions[name],
                rule.attach_type,
                rule.flags,
                tuple(_callees(functions, name)),
            ),
        )


def _callees(functions: dict[str, FunctionSpec], entry: str) -> Iterator[FunctionSpec]:
    """The functions that `entry` reaches, each once, in the order in which they are met."""
    waiting, seen = [entry], {entry}
    while waiting:
        for reference in functions[waiting.pop(0)].references:
            if isinstance(reference, FunctionReference) and reference.function not in seen:
                if reference.function not in functions:
                    raise _fault(f"calls {reference.function!r}, which is not in the file")
                seen.add(reference.function)
                waiting.append(reference.function)
                yield functions[reference.function]


def _function(context: _Context, symbol: elf.Symbol, section: elf.Section) -> FunctionSpec:
    start, end = symbol.value, symbol.value + symbol.size
    if start % SIZE or symbol.size % SIZE or not 0 < symbol.size <= LARGEST_PROGRAM * SIZE:
        raise _fault(f"function {symbol.name!r} has {symbol.size} bytes", start)
    if end > len(section.data):
        raise _fault(f"function {symbol.name!r} leaves its section", start)
    code = section.data[start:end]
    references: dict[int, Reference] = {}
    for relocation in _between(context.elf.relocations.get(section.index, ()), start, end):
        references[relocation.offset - start] = _reference(context, section, relocation, start, end)
    for offset in range(0, len(code), SIZE):
        instruction = unpack(code, offset)
        is_call = instruction.code == CALL and instruction.source == PseudoSource.CALL
        if is_call and offset not in references:
            target = start + offset + (instruction.immediate + 1) * SIZE
            references[offset] = FunctionReference(offset, _function_at(context, section.index, target))
    return FunctionSpec(
        symbol.name,
        code,
        tuple(references[offset] for offset in sorted(references)),
        _type_id(context, section.name, start),
        tuple(_lines(context, section.name, start, end)),
        tuple(_core_relocations(context, section.name, start, end)),
    )


def _function_at(context: _Context, section: int, offset: int) -> str:
    name = context.functions.get((section, offset))
    if name is None:
        raise _fault("a call leads to no function", offset)
    return name


def _reference(
    context: _Context, section: elf.Section, relocation: elf.Relocation, start: int, end: int
) -> Reference:
    symbol, offset = relocation.symbol, relocation.offset - start
    if offset % SIZE or relocation.offset + SIZE > end:
        raise _fault("a relocation stands beside an instruction", relocation.offset)
    instruction = unpack(section.data, relocation.offset)
    if symbol.section is None:
        return _kernel_function(context, symbol, offset, instruction)
    is_call = relocation.type == _CALL_32 and instruction.code == CALL
    if is_call:
        target = symbol.value + (instruction.immediate + 1) * SIZE
        return FunctionReference(offset, _function_at(context, symbol.section, target))
    wide = instruction.code == LOAD_IMMEDIATE_64 and relocation.offset + 2 * SIZE <= end
    if relocation.type != _ABSOLUTE_64 or not wide:
        raise _fault(f"relocation of type {relocation.type} on opcode {instruction.code}", relocation.offset)
    place = symbol.value + instruction.immediate
    if context.elf.sections[symbol.section].flags & elf.SectionFlag.EXECINSTR:
        return FunctionReference(offset, _function_at(context, symbol.section, place), address=True)
    if symbol.section in context.data_maps:
        size = context.elf.sections[symbol.section].size
        if not 0 <= place < size:
            raise _fault(f"refers to byte {place} of a data section of {size} bytes", relocation.offset)
        return MapReference(offset, context.data_maps[symbol.section], place)
    name = context.map_places.get((symbol.section, place))
    if name is None:
        raise _fault(f"refers to {symbol.name!r}, which is no map and no variable", relocation.offset)
    return MapReference(offset, name)


def _kernel_function(
    context: _Context, symbol: elf.Symbol, offset: int, instruction: Instruction
) -> KernelFunctionReference:
    """A reference to a symbol that is not in the file: a function of the kernel, if BTF declares it so."""
    declared = () if context.btf is None else context.btf.types
    known = any(isinstance(each, Function) and each.name == symbol.name for each in declared)
    if not known or instruction.code not in (CALL, LOAD_IMMEDIATE_64):
        raise NotSupportedError(f"the external symbol {symbol.name!r}", needs="a later osmia")
    weak = symbol.binding == elf.SymbolBinding.WEAK
    return KernelFunctionReference(offset, symbol.name, weak, address=instruction.code != CALL)


class _Placed(Protocol):
    @property
    def offset(self) -> int: ...


P = TypeVar("P", bound=_Placed)


def _between(records: Sequence[P], start: int, end: int) -> Sequence[P]:
    """The records from `start` up to `end`, of records in order of their offset."""
    first = bisect_left(records, start, key=lambda record: record.offset)
    return records[first : bisect_left(records, end, first, key=lambda record: record.offset)]


def _type_id(context: _Context, section: str, offset: int) -> int:
    if context.extension is None or context.btf is None:
        return 0
    for record in _between(context.extension.functions.get(section, ()), offset, offset + 1):
        if isinstance(context.btf.type(record.type), Function):
            return record.type
    return 0


def _lines(context: _Context, section: str, start: int, end: int) -> Iterator[SourceLine]:
    btf = context.btf
    if context.extension is None or btf is None:
        return
    for record in _between(context.extension.lines.get(section, ()), start, end):
        yield SourceLine(
            record.offset - start,
            btf.string(record.file_offset),
            record.line,
            record.column,
            btf.string(record.text_offset),
            record.file_offset,
            record.text_offset,
        )


def _core_relocations(context: _Context, section: str, start: int, end: int) -> Iterator[CoreRelocation]:
    if context.extension is None:
        return
    for record in _between(context.extension.core_relocations.get(section, ()), start, end):
        if record.offset % SIZE:
            raise _fault("a CO-RE relocation stands beside an instruction", record.offset)
        yield replace(record, offset=record.offset - start)
