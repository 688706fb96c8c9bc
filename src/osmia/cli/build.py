"""`osmia build`: an ELF object for any loader."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from osmia.cli.subcommands import SubCommands
from osmia.cli.user_module import import_file, programs_in
from osmia.compiler.compile import compile_programs
from osmia.loader import read_object

__all__ = ["add_parser"]


def add_parser(subparsers: SubCommands) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "build",
        help="compile a file's programs to an ELF object",
        description="Compile a file's programs to one BPF ELF object with BTF, for bpftool, libbpf or osmia.",
        epilog="example: osmia build examples/xdp_counter.py -o counter.o",
    )
    parser.add_argument("file", type=Path, metavar="FILE.py")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE.o", help="default: the file's name with .o"
    )
    parser.set_defaults(handler=_build)


def _build(arguments: argparse.Namespace) -> int:
    module = import_file(arguments.file)
    data = compile_programs(programs_in(module, arguments.file))
    output: Path = arguments.output or arguments.file.with_suffix(".o")
    _write(output, data)
    spec = read_object(data)
    programs, maps = ", ".join(spec.programs), ", ".join(spec.maps)
    print(f"{output}: {len(data)} bytes, programs: {programs}; maps: {maps or 'none'}")
    return 0


def _write(path: Path, data: bytes) -> None:
    """The file is whole or not there."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
