"""`osmia run`: compile, load and attach the programs of a file, and show what they say, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from osmia.bpf import Bpf, Direction
from osmia.bpf.loaded import load
from osmia.cli.subcommands import SubCommands
from osmia.cli.user_module import import_file, programs_in
from osmia.errors import UsageError
from osmia.lang import ClassifierProgram, HashMap, Map, TracingProgram, XdpFlags, XdpProgram

__all__ = ["add_parser"]

_MODES = {"auto": XdpFlags(0), "native": XdpFlags.DRV_MODE, "generic": XdpFlags.SKB_MODE}
_MOST_ENTRIES = 20


def add_parser(subparsers: SubCommands) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "run",
        help="load and attach a file's programs, show what they say",
        description="Load a file's programs. A file with main(interface) is run by it; any other has its "
        "programs attached, and its log and maps shown. Ctrl-C ends it and leaves nothing behind.",
        epilog="example: osmia run examples/xdp_counter.py -i eth0",
    )
    parser.add_argument("file", type=Path, metavar="FILE.py")
    parser.add_argument("-i", "--interface", metavar="IFACE", help="network interface to attach to")
    parser.add_argument(
        "--mode", choices=tuple(_MODES), default="auto", help="XDP mode, where the file has no main"
    )
    parser.set_defaults(handler=_run)


def _run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    module = import_file(arguments.file)
    programs = programs_in(module, arguments.file)
    if arguments.interface is None and any(not isinstance(program, TracingProgram) for program in programs):
        raise UsageError("no interface to attach to", "give one: osmia run FILE.py -i eth0")
    try:
        if _run_main(module, arguments.interface):
            return 0
        with load(*programs) as bpf:
            for program in programs:
                if isinstance(program, XdpProgram):
                    bpf[program].attach(arguments.interface, flags=_MODES[arguments.mode])
                elif isinstance(program, ClassifierProgram):
                    bpf[program].attach(arguments.interface, Direction.EGRESS)
                elif isinstance(program, TracingProgram):
                    bpf[program].attach()
            print(f"{len(programs)} programs attached; Ctrl-C ends it", file=sys.stderr)
            _show_maps(bpf, module)
    except KeyboardInterrupt:
        return 0
    return 0


def _run_main(module: ModuleType, interface: str | None) -> bool:
    """Call the file's own `main`, with the interface where it takes one argument; False where there is none."""
    main = getattr(module, "main", None)
    if not inspect.isfunction(main):
        return False
    required = [
        parameter
        for parameter in inspect.signature(main).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    if len(required) > 1:
        return False
    result = main(*([interface] if required else []))
    if inspect.iscoroutine(result):
        asyncio.run(result)
    return True


def _show_maps(bpf: Bpf, module: ModuleType) -> None:
    """Print the entries of maps once a second, where they changed."""
    declared = {
        name: value for name, value in vars(module).items() if isinstance(value, Map) and value.key_size
    }
    shown: dict[str, list[str]] = {}
    while True:
        for name, declaration in declared.items():
            lines = _entries(name, bpf, declaration)
            if lines and lines != shown.get(name):
                print("\n".join(lines), flush=True)
                shown[name] = lines
        time.sleep(1)


def _entries(name: str, bpf: Bpf, declaration: Map) -> list[str]:
    try:
        handle = cast("Mapping[Any, Any]", bpf[cast("HashMap[Any, Any]", declaration)])
    except UsageError:
        return []
    entries = list(handle.items())
    lines = [f"{name}[{key}] = {value}" for key, value in entries[:_MOST_ENTRIES]]
    if len(entries) > _MOST_ENTRIES:
        lines.append(f"({len(entries) - _MOST_ENTRIES} more entries of {name})")
    return lines
