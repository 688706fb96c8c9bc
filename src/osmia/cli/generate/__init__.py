"""`osmia generate`: typed Python for what this kernel has."""

from __future__ import annotations

import argparse
from pathlib import Path

from osmia.btf import LazyBtf
from osmia.cli.generate.kernel_struct import struct_source
from osmia.cli.generate.tracepoint import tracepoint_source
from osmia.cli.subcommands import SubCommands
from osmia.elf import read_elf
from osmia.errors import UsageError
from osmia.loader.attach.tracepoint import tracepoint_format
from osmia.loader.kernel_types import running_kernel_types

__all__ = ["add_parser"]


def add_parser(subparsers: SubCommands) -> None:
    """Add the sub-command and its own."""
    parser = subparsers.add_parser(
        "generate",
        help="write a typed Python class for a kernel struct or a tracepoint",
        description="Write a typed Python class for a kernel struct or a tracepoint, to the standard output.",
        epilog="example: osmia generate struct task_struct pid real_parent.tgid > task.py",
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    struct = kinds.add_parser(
        "struct",
        help="a struct of the kernel, from its BTF",
        description="Write a KernelStruct class with some fields, or all. Programs read it by CO-RE.",
        epilog="example: osmia generate struct sock __sk_common.skc_daddr __sk_common.skc_dport",
    )
    struct.add_argument("name", help="as in C, such as task_struct")
    struct.add_argument(
        "fields", nargs="*", metavar="FIELD", help="such as pid or real_parent.tgid; all without"
    )
    struct.add_argument(
        "--btf",
        type=Path,
        metavar="FILE",
        help="BTF, or an ELF file that has it; default: the running kernel's",
    )
    struct.set_defaults(handler=_struct)
    tracepoint = kinds.add_parser(
        "tracepoint",
        help="the record of a tracepoint, from tracefs",
        description="Write a context class with the fields of a tracepoint's record.",
        epilog="example: osmia generate tracepoint sched/sched_process_exec",
    )
    tracepoint.add_argument("name", metavar="CATEGORY/NAME")
    tracepoint.set_defaults(handler=_tracepoint)


def _struct(arguments: argparse.Namespace) -> int:
    graph = running_kernel_types().vmlinux if arguments.btf is None else _read(arguments.btf)
    print(struct_source(graph, arguments.name, tuple(arguments.fields)), end="")
    return 0


def _read(path: Path) -> LazyBtf:
    data = path.read_bytes()
    if data[:4] == b"\x7fELF":
        section = read_elf(data).section(".BTF")
        if section is None:
            raise UsageError(f"{path} has no section .BTF", "compile it with -g")
        data = section.data
    return LazyBtf(data, name=path.name)


def _tracepoint(arguments: argparse.Namespace) -> int:
    category, slash, name = arguments.name.partition("/")
    if not slash or not category or not name or "/" in name or ".." in arguments.name:
        raise UsageError(f"{arguments.name!r} is no CATEGORY/NAME", "such as sched/sched_switch")
    print(tracepoint_source(category, name, tracepoint_format(category, name)), end="")
    return 0
