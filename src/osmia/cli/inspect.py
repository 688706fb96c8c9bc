"""`osmia inspect`: programs, maps, and BPF instructions between the Python lines they come from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from osmia.cli.subcommands import SubCommands
from osmia.cli.user_module import import_file, programs_in
from osmia.compiler.compile import assembly, check, compile_programs
from osmia.compiler.ir.printer import print_module
from osmia.errors import UsageError
from osmia.loader import ObjectSpec, read_object
from osmia.loader.disassembler import disassemble_program

__all__ = ["add_parser"]


def add_parser(subparsers: SubCommands) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "inspect",
        help="show what is compiled of a file, or what an object has",
        description="Show programs, maps and BPF instructions between source lines, of a file or an object.",
        epilog="example: osmia inspect examples/xdp_counter.py",
    )
    parser.add_argument("file", type=Path, metavar="FILE.py|FILE.o")
    parser.add_argument("--stage", choices=("ir", "llvm", "bpf"), default="bpf", help="default: bpf")
    parser.set_defaults(handler=_inspect)


def _inspect(arguments: argparse.Namespace) -> int:
    path: Path = arguments.file
    if path.suffix == ".py":
        programs = programs_in(import_file(path), path)
        if arguments.stage == "ir":
            print(print_module(check(programs)), end="")
            return 0
        if arguments.stage == "llvm":
            print(assembly(programs), end="")
            return 0
        data = compile_programs(programs)
    elif arguments.stage != "bpf":
        raise UsageError(f"an object has no stage {arguments.stage}", "give the Python file")
    else:
        data = path.read_bytes()
    print("\n".join(_describe(read_object(data))))
    return 0


def _describe(spec: ObjectSpec) -> Iterator[str]:
    for definition in spec.maps.values():
        sizes = f"key {definition.key_size}, value {definition.value_size} bytes"
        yield f"map {definition.name}: {definition.type.name}, {sizes}, max_entries {definition.max_entries}"
        for variable in definition.variables:
            yield f"    {variable.name}: {variable.size} bytes at {variable.offset}"
    for program in spec.programs.values():
        yield ""
        count = len(program.entry.instructions) // 8
        yield f"program {program.name}: {program.type.name}, section {program.section}, {count} instructions"
        yield from disassemble_program(program)
