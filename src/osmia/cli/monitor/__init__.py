"""`osmia monitor`: its arguments. What it does is imported only when it is called."""

# ruff: noqa: PLC0415 - the monitor is imported only when it is called
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from osmia.cli.monitor import lists, record, service
from osmia.cli.monitor.arguments import (
    add_bounds,
    add_command,
    add_configuration,
    add_control,
    add_schema,
    number,
)
from osmia.cli.subcommands import SubCommands

if TYPE_CHECKING:
    from osmia.monitor import commands

__all__ = ["add_parser", "with_default_command"]

COMMANDS = (
    "watch",
    "top",
    "demo",
    "replay",
    "run",
    "block",
    "allow",
    "config",
    "doctor",
    "history",
    "capture",
)

EXAMPLES = """examples:
  osmia monitor                        the interface of the default route
  osmia monitor eth0 wlan0             two interfaces in one dashboard
  osmia monitor eth0 --json --count 3  three snapshots as JSON lines
  osmia monitor block add 203.0.113.9 --reason "port scan" --duration 4h
"""


def with_default_command(arguments: Sequence[str]) -> list[str]:
    """The arguments behind `monitor`, with the command `watch` where none is named."""
    if arguments and (arguments[0] in COMMANDS or arguments[0] in ("-h", "--help")):
        return list(arguments)
    return ["watch", *arguments]


def add_parser(subparsers: SubCommands) -> None:
    """Add `monitor` and its sub-commands. Each sets `handler`, a function from arguments to an exit code."""
    parser = subparsers.add_parser(
        "monitor",
        help="see who talks to this machine, find port scans, block addresses",
        description="A network monitor in the kernel. Without a command it watches: a dashboard on a "
        "terminal, else JSON lines.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="monitor_command", required=True, metavar="COMMAND")
    _add_watch(commands)
    _add_top(commands)
    _add_demo(commands)
    _add_replay(commands)
    service.add_run(commands)
    for action in ("block", "allow"):
        lists.add_list(commands, action)
    record.add_history(commands)
    record.add_capture(commands)
    service.add_config(commands)
    service.add_doctor(commands)


def _add_watch(commands: SubCommands) -> None:
    parser = add_command(commands, "watch", "watch interfaces (the default)", "osmia monitor watch eth0")
    parser.add_argument("interfaces", nargs="*", metavar="IFACE", help="default: that of the default route")
    parser.add_argument(
        "--mode",
        choices=("auto", "native", "generic"),
        help="XDP mode (default: native if it can)",
    )
    add_bounds(parser)
    add_configuration(parser)
    add_control(parser)
    add_schema(parser)
    parser.set_defaults(handler=_watch)


def _add_top(commands: SubCommands) -> None:
    parser = add_command(commands, "top", "print one snapshot", "osmia monitor top --once --json")
    parser.add_argument(
        "interfaces", nargs="*", metavar="IFACE", help="what to measure where no monitor is running"
    )
    parser.add_argument(
        "--once", action="store_true", help="print one snapshot and end (what it always does)"
    )
    parser.add_argument(
        "--limit", type=number, default=1000, metavar="N", help="rows of sources and connections"
    )
    add_bounds(parser)
    add_control(parser)
    parser.set_defaults(handler=_top)


def _add_demo(commands: SubCommands) -> None:
    parser = add_command(
        commands, "demo", "two hosts of its own, ordinary traffic and a port scan", "osmia monitor demo"
    )
    add_bounds(parser)
    add_control(parser)
    add_schema(parser)
    parser.set_defaults(handler=_demo)


def _add_replay(commands: SubCommands) -> None:
    parser = add_command(
        commands,
        "replay",
        "run a capture through the same programs; as plain Python where rights are missing",
        "osmia monitor replay scan.pcap --json --local 10.0.0.0/8",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="pcap or pcapng")
    parser.add_argument(
        "--local",
        action="append",
        default=[],
        metavar="CIDR",
        help="what this network sends to elsewhere was sent by the monitored machine (repeatable)",
    )
    parser.add_argument(
        "--engine",
        choices=("auto", "kernel", "python"),
        default="auto",
        help="where the programs run: auto takes the kernel where that is permitted",
    )
    add_bounds(parser)
    add_schema(parser)
    parser.set_defaults(handler=_replay)


def _bounds(arguments: argparse.Namespace, interval: float = 1.0) -> commands.Bounds:
    from osmia.monitor import commands
    from osmia.monitor.export.json_lines import Schema

    return commands.Bounds(
        arguments.interval or interval,
        arguments.duration,
        arguments.count,
        arguments.as_json,
        Schema(getattr(arguments, "schema", None) or "eve"),
    )


def _watch(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands
    from osmia.monitor.configuration import settings

    configuration = service.read_configuration(arguments)
    return commands.watch(_bounds(arguments, configuration[settings.INTERVAL]), configuration)


def _top(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands

    return commands.top(
        arguments.interfaces, _bounds(arguments), limit=arguments.limit, control=arguments.control
    )


def _demo(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands

    return commands.demo(_bounds(arguments), control=arguments.control)


def _replay(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands

    return commands.replay(arguments.file, _bounds(arguments), local=arguments.local, engine=arguments.engine)
