"""`osmia run`: compile, load and attach the programs of a file, and show what they say, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

from osmia.bpf import Bpf, Direction
from osmia.bpf.loaded import load
from osmia.cli.live import show
from osmia.cli.observation import Observer
from osmia.cli.subcommands import SubCommands
from osmia.cli.user_module import import_file, programs_in
from osmia.errors import UsageError
from osmia.lang import (
    ClassifierProgram,
    Map,
    PerfEventProgram,
    Program,
    SkLookupProgram,
    TracingProgram,
    UprobeProgram,
    XdpFlags,
    XdpMapProgram,
    XdpProgram,
)

__all__ = ["add_parser"]

_MODES = {"auto": XdpFlags(0), "native": XdpFlags.DRV_MODE, "generic": XdpFlags.SKB_MODE}


def add_parser(subparsers: SubCommands) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "run",
        help="load and attach a file's programs, show what they say",
        description="Load a file's programs. A file with main(interface) is run by it; any other has its "
        "programs attached, and its events, log, maps and histograms shown. Ctrl-C ends it and leaves "
        "nothing behind.",
        epilog="example: osmia run -i eth0 examples/xdp_firewall.py 192.0.2.7",
    )
    parser.add_argument("file", type=Path, metavar="FILE.py")
    parser.add_argument("-i", "--interface", metavar="IFACE", help="network interface to attach to")
    parser.add_argument(
        "--mode", choices=tuple(_MODES), default="auto", help="XDP mode, where the file has no main"
    )
    parser.add_argument("arguments", nargs="*", metavar="ARG", help="what its main takes after the interface")
    parser.set_defaults(handler=_run)


def _run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    module = import_file(arguments.file)
    programs = programs_in(module, arguments.file)
    interface: str | None = arguments.interface
    if interface is None and any(isinstance(each, XdpProgram | ClassifierProgram) for each in programs):
        raise UsageError("no interface to attach to", "give one: osmia run FILE.py -i eth0")
    given = [*([interface] if interface is not None else []), *arguments.arguments]
    main = getattr(module, "main", None)
    try:
        if inspect.isfunction(main) and _takes(main, given):
            result = main(*given)
            if inspect.iscoroutine(result):
                asyncio.run(result)
            return 0
        with load(*programs) as bpf:

            def attach() -> None:
                for program in programs:
                    _attach(bpf, program, interface or "", _MODES[arguments.mode])
                print(f"{len(programs)} programs attached; Ctrl-C ends it", file=sys.stderr)

            declared = {name: value for name, value in vars(module).items() if isinstance(value, Map)}
            show(Observer(bpf, declared), arguments.file.name, attach)
    except KeyboardInterrupt:
        return 0
    return 0


def _takes(main: FunctionType, given: Sequence[str]) -> bool:
    try:
        inspect.signature(main).bind(*given)
    except TypeError:
        return False
    return True


def _attach(bpf: Bpf, program: Program[Any, Any], interface: str, flags: XdpFlags) -> None:
    if isinstance(program, XdpProgram):
        bpf[program].attach(interface, flags=flags)
    elif isinstance(program, ClassifierProgram):
        bpf[program].attach(interface, Direction.EGRESS)
    elif isinstance(program, TracingProgram | UprobeProgram | PerfEventProgram | SkLookupProgram):
        bpf[program].attach()
    elif not isinstance(program, XdpMapProgram):
        help_text = "write a function main() in the file that loads and attaches it"
        raise UsageError(f"osmia run does not know what to attach {program.name} to", help_text)
