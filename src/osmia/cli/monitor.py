"""`osmia monitor`: its arguments. What it does is imported only when it is called."""

# ruff: noqa: PLC0415 - the monitor is imported only when it is called
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from osmia.cli.subcommands import SubCommands

if TYPE_CHECKING:
    from osmia.monitor import commands

__all__ = ["add_parser", "with_default_command"]

COMMANDS = ("watch", "top", "demo", "replay", "block", "allow")
MAXIMUM_SECONDS = 10 * 365 * 86_400.0

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
    for action in ("block", "allow"):
        _add_list(commands, action)


def _add_watch(commands: SubCommands) -> None:
    parser = _command(commands, "watch", "watch interfaces (the default)", "osmia monitor watch eth0")
    parser.add_argument("interfaces", nargs="*", metavar="IFACE", help="default: that of the default route")
    parser.add_argument(
        "--mode",
        choices=("auto", "native", "generic"),
        default="auto",
        help="XDP mode (default: native if it can)",
    )
    _add_bounds(parser)
    _add_control(parser)
    parser.set_defaults(handler=_watch)


def _add_top(commands: SubCommands) -> None:
    parser = _command(commands, "top", "print one snapshot", "osmia monitor top --once --json")
    parser.add_argument(
        "interfaces", nargs="*", metavar="IFACE", help="what to measure where no monitor is running"
    )
    parser.add_argument(
        "--once", action="store_true", help="print one snapshot and end (what it always does)"
    )
    parser.add_argument(
        "--limit", type=_count, default=1000, metavar="N", help="rows of sources and connections"
    )
    _add_bounds(parser)
    _add_control(parser)
    parser.set_defaults(handler=_top)


def _add_demo(commands: SubCommands) -> None:
    parser = _command(
        commands, "demo", "two hosts of its own, ordinary traffic and a port scan", "osmia monitor demo"
    )
    _add_bounds(parser)
    _add_control(parser)
    parser.set_defaults(handler=_demo)


def _add_replay(commands: SubCommands) -> None:
    parser = _command(
        commands,
        "replay",
        "run a capture through the same programs, without rights",
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
    _add_bounds(parser)
    parser.set_defaults(handler=_replay)


def _add_list(commands: SubCommands, action: str) -> None:
    what = "drop what these networks send" if action == "block" else "never drop what these networks send"
    parser = commands.add_parser(action, help=what, description=f"{what.capitalize()}.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    example = f"osmia monitor {action} add 10.0.0.0/8 --reason test --duration 4h"
    add = _command(verbs, "add", f"{action} an address or network", example)
    add.add_argument("network", metavar="CIDR")
    add.add_argument("--reason", default="", help="kept with the entry")
    add.add_argument("--duration", metavar="TIME", help="30s, 10m, 4h, 7d; default: until it is deleted")
    if action == "block":
        add.add_argument(
            "--force", action="store_true", help="also own addresses, gateway, resolvers, SSH peers"
        )
    delete = _command(verbs, "del", "take an entry away", f"osmia monitor {action} del 10.0.0.0/8")
    delete.add_argument("network", metavar="CIDR")
    show = _command(verbs, "list", "print the entries", f"osmia monitor {action} list --json")
    show.add_argument("--json", action="store_true", dest="as_json", help="for programs")
    for parser in (add, delete, show):
        _add_control(parser)
        parser.set_defaults(action=action)
    add.set_defaults(handler=_add, force=False)
    delete.set_defaults(handler=_delete)
    show.set_defaults(handler=_list)


def _command(commands: SubCommands, name: str, what: str, example: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=f"example: {example}"
    )


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--interval", type=_seconds, default=1.0, metavar="SECONDS", help="between snapshots (1)"
    )
    parser.add_argument("--duration", type=_seconds, metavar="SECONDS", help="end after so long")
    parser.add_argument("--count", type=_count, metavar="N", help="end after so many snapshots")
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help="no dashboard, also on a terminal"
    )


def _add_control(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--control", metavar="PATH", help="the monitor's control socket")


def _seconds(text: str) -> float:
    number = float(text)
    if not 0.05 <= number <= MAXIMUM_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.05 and {MAXIMUM_SECONDS:.0f} seconds")
    return number


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 100000")
    return number


def _bounds(arguments: argparse.Namespace) -> commands.Bounds:
    from osmia.monitor import commands

    return commands.Bounds(arguments.interval, arguments.duration, arguments.count, arguments.as_json)


def _watch(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands
    from osmia.monitor.model import InterfaceMode

    mode = None if arguments.mode == "auto" else InterfaceMode(arguments.mode)
    return commands.watch(arguments.interfaces, _bounds(arguments), mode=mode, control=arguments.control)


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

    return commands.replay(arguments.file, _bounds(arguments), local=arguments.local)


def _add(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands
    from osmia.monitor.model import RuleAction

    return commands.add_rule(
        RuleAction(arguments.action),
        arguments.network,
        reason=arguments.reason,
        duration=arguments.duration,
        force=arguments.force,
        control=arguments.control,
    )


def _delete(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands
    from osmia.monitor.model import RuleAction

    return commands.remove_rule(RuleAction(arguments.action), arguments.network, control=arguments.control)


def _list(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands
    from osmia.monitor.model import RuleAction

    return commands.list_rules(
        RuleAction(arguments.action), as_json=arguments.as_json, control=arguments.control
    )
