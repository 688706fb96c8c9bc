"""ELF objects for the guest, compiled on the host: neither clang nor llvmlite is in the guest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from osmia.cli.user_module import import_file, programs_in
from osmia.compiler.compile import compile_programs
from osmia.lang import Program
from osmia.monitor import kernel
from tests.builders import function_programs, hook_programs, program_kinds, state_programs
from tests.builders.clang import ClangError, compile_c_file

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
C_SOURCES = ROOT / "benchmarks" / "c"


class ObjectError(Exception):
    """An object that cannot be built; the message is the compiler's."""


def object_folder(build_in: Path) -> Path:
    """The folder that OSMIA_TEST_OBJECTS names, as in a virtual machine; else `build_in`, filled now."""
    given = os.environ.get("OSMIA_TEST_OBJECTS")
    if given:
        return Path(given)
    build_objects(build_in)
    return build_in


def build_objects(folder: Path) -> tuple[Path, ...]:
    """Build all objects into a folder: `c_NAME.o` of benchmarks/c, `NAME.o` of examples, and `monitor.o`."""
    return (*compile_c(folder), *compile_python(folder))


def compile_python(folder: Path) -> tuple[Path, ...]:
    """The examples and the monitor's programs, by our compiler."""
    objects = [_compile(folder / "monitor.o", (kernel.monitor_ingress, kernel.monitor_egress))]
    objects.append(_compile(folder / "program_kinds.o", program_kinds.PROGRAMS))
    objects.append(_compile(folder / "state.o", (state_programs.state,)))
    objects += [_compile(folder / f"{name}.o", programs) for name, programs in hook_programs.OBJECTS.items()]
    objects.append(_compile(folder / "functions.o", (function_programs.first,)))
    # Not among those that each kernel loads.
    objects.append(_compile(folder / "long_loop.o", (function_programs.long_loop,)))
    for source in sorted((*EXAMPLES.glob("xdp_*.py"), EXAMPLES / "tcp_connect.py")):
        programs = programs_in(import_file(source), source)
        objects.append(_compile(folder / f"{source.stem}.o", programs))
    return tuple(objects)


def _compile(target: Path, programs: tuple[Program[Any, Any], ...]) -> Path:
    target.write_bytes(compile_programs(programs))
    return target


def compile_c(folder: Path) -> tuple[Path, ...]:
    """The C programs of benchmarks/c as `c_NAME.o`, by clang."""
    objects: list[Path] = []
    for source in sorted(C_SOURCES.glob("*.c")):
        target = folder / f"c_{source.stem}.o"
        try:
            target.write_bytes(compile_c_file(source, options=("-Wall", "-Werror")))
        except ClangError as error:
            raise ObjectError(str(error)) from None
        objects.append(target)
    return tuple(objects)
