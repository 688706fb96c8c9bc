"""A program and its subprograms -> one run of instructions for the kernel."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType

from osmia.errors import InternalError, MalformedError
from osmia.loader.instructions import LARGEST_PROGRAM, SIZE, unpack
from osmia.loader.kernel_functions import KernelFunctionPlace
from osmia.loader.specification import (
    FunctionReference,
    KernelFunctionReference,
    MapReference,
    ProgramSpec,
)
from osmia.sys import ProgramImage
from osmia.uapi import ProgramType, PseudoSource

_FUNCTION_INFO = struct.Struct("<II")
_LINE_INFO = struct.Struct("<IIII")


def link_program(
    program: ProgramSpec,
    license: str,
    map_descriptors: Mapping[str, int],
    btf_descriptor: int,
    kernel_functions: Mapping[str, KernelFunctionPlace | None] = MappingProxyType({}),
    modules: Mapping[str, int] = MappingProxyType({}),
) -> ProgramImage:
    """Put the functions one behind the other and fill in what they refer to.

    `modules` has descriptors of the BTF of modules whose functions are called. Function and line records
    go along only where the kernel took the object's BTF and every function has a record: the kernel refuses
    a table with gaps.
    """
    starts: dict[str, int] = {}
    code = bytearray()
    for function in program.functions:
        starts[function.name] = len(code)
        code += function.instructions
    if len(code) > LARGEST_PROGRAM * SIZE:
        raise MalformedError("ELF object", f"program {program.name!r} has {len(code) // SIZE} instructions")
    for function in program.functions:
        start = starts[function.name]
        for reference in function.references:
            if isinstance(reference, MapReference):
                _fill_map(code, start, reference, map_descriptors)
            elif isinstance(reference, KernelFunctionReference):
                _fill_kernel_function(code, start, reference, kernel_functions, list(modules))
            else:
                _fill_function(code, start, reference, starts)
    described = btf_descriptor > 0 and all(function.type_id for function in program.functions)
    return ProgramImage(
        program.type,
        program.name,
        bytes(code),
        license,
        attach_type=_attach_type(program),
        flags=program.flags,
        btf_fd=btf_descriptor if described else 0,
        func_info=_function_info(program, starts) if described else b"",
        line_info=_line_info(program, starts) if described else b"",
        # The kernel's own BTF is number 0: what stands there is not looked at.
        btf_descriptors=(0, *modules.values()) if modules else (),
    )


def _attach_type(program: ProgramSpec) -> int:
    # The direction of a classifier is chosen when it is attached; before Linux 6.6 its number did not exist.
    return 0 if program.type == ProgramType.SCHED_CLS else program.attach_type or 0


def _fill_map(
    code: bytearray, start: int, reference: MapReference, map_descriptors: Mapping[str, int]
) -> None:
    at = start + reference.offset
    descriptor = map_descriptors.get(reference.map)
    if descriptor is None:
        raise InternalError("linking", f"no map {reference.map!r}")
    source = PseudoSource.MAP_FD if reference.value_offset is None else PseudoSource.MAP_VALUE
    first, second = unpack(code, at), unpack(code, at + SIZE)
    code[at : at + SIZE] = first._replace(source=source, immediate=descriptor).pack()
    code[at + SIZE : at + 2 * SIZE] = second._replace(immediate=reference.value_offset or 0).pack()


def _fill_kernel_function(
    code: bytearray,
    start: int,
    reference: KernelFunctionReference,
    places: Mapping[str, KernelFunctionPlace | None],
    modules: list[str],
) -> None:
    """A call by BTF id; a missing function is id 0, which the verifier takes where it is never called."""
    at = start + reference.offset
    place = places.get(reference.function)
    instruction = unpack(code, at)
    if reference.address:
        code[at : at + SIZE] = instruction._replace(source=0, immediate=int(place is not None)).pack()
        second = unpack(code, at + SIZE)
        code[at + SIZE : at + 2 * SIZE] = second._replace(immediate=0).pack()
        return
    number = modules.index(place.module) + 1 if place is not None and place.module else 0
    id = 0 if place is None else place.id
    changed = instruction._replace(source=PseudoSource.KFUNC_CALL, offset=number, immediate=id)
    code[at : at + SIZE] = changed.pack()


def _fill_function(
    code: bytearray, start: int, reference: FunctionReference, starts: Mapping[str, int]
) -> None:
    at = start + reference.offset
    distance = (starts[reference.function] - at) // SIZE - 1
    source = PseudoSource.FUNC if reference.address else PseudoSource.CALL
    code[at : at + SIZE] = unpack(code, at)._replace(source=source, immediate=distance).pack()


def _function_info(program: ProgramSpec, starts: Mapping[str, int]) -> bytes:
    return b"".join(
        _FUNCTION_INFO.pack(starts[function.name] // SIZE, function.type_id) for function in program.functions
    )


def _line_info(program: ProgramSpec, starts: Mapping[str, int]) -> bytes:
    if not all(function.lines for function in program.functions):
        return b""
    return b"".join(
        _LINE_INFO.pack(
            (starts[function.name] + line.offset) // SIZE,
            line.file_offset,
            line.text_offset,
            line.line << 10 | line.column,
        )
        for function in program.functions
        for line in function.lines
    )
