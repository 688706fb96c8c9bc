"""`osmia monitor run`, `config` and `doctor`: their arguments."""

# ruff: noqa: PLC0415 - the monitor is imported only when it is called
from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osmia.cli.monitor.arguments import add_command, add_configuration, add_control, seconds
from osmia.cli.subcommands import SubCommands

if TYPE_CHECKING:
    from osmia.monitor.configuration import Configuration

__all__ = ["add_config", "add_doctor", "add_run", "read_configuration"]


def add_run(commands: SubCommands) -> None:
    """Add `run`."""
    parser = add_command(
        commands,
        "run",
        "watch as a service: no screen, events, metrics, SIGHUP reads the configuration anew",
        "osmia monitor run -c /etc/osmia/monitor.toml",
    )
    parser.add_argument("interfaces", nargs="*", metavar="IFACE", help="over those of the configuration")
    parser.add_argument("--mode", choices=("auto", "native", "generic"), help="XDP mode")
    parser.add_argument("--interval", type=seconds, metavar="SECONDS", help="between snapshots")
    add_configuration(parser)
    add_control(parser)
    parser.set_defaults(handler=_run)


def add_config(commands: SubCommands) -> None:
    """Add `config check` and `config show`."""
    parser = commands.add_parser("config", help="check or show the configuration")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    check = add_command(
        verbs,
        "check",
        "say what is wrong with a configuration; exit code 0 if nothing is, else 1",
        "osmia monitor config check /etc/osmia/monitor.toml",
    )
    check.add_argument("config", nargs="?", type=Path, metavar="FILE", help="default: the file in use")
    check.set_defaults(handler=_check)
    show = add_command(
        verbs,
        "show",
        "print the configuration in force, and where each value comes from",
        "osmia monitor config show",
    )
    add_configuration(show)
    show.set_defaults(handler=_show)


def add_doctor(commands: SubCommands) -> None:
    """Add `doctor`."""
    parser = add_command(
        commands,
        "doctor",
        "say what this machine and this user can do, what is missing, and how to give it",
        "osmia monitor doctor eth0",
    )
    parser.add_argument("interfaces", nargs="*", metavar="IFACE", help="default: that of the default route")
    parser.add_argument("--json", action="store_true", dest="as_json", help="for programs")
    add_control(parser)
    parser.set_defaults(handler=_doctor)


def read_configuration(arguments: argparse.Namespace) -> Configuration:
    """The configuration, with what the command line says over it. Raises MalformedError, OSError."""
    from osmia.monitor.configuration import load_configuration, settings

    interfaces: list[str] | None = getattr(arguments, "interfaces", None)
    flags: dict[settings.Setting[Any], object] = {
        settings.INTERFACES: tuple(interfaces) if interfaces else None,
        settings.MODE: getattr(arguments, "mode", None),
        settings.INTERVAL: getattr(arguments, "interval", None),
        settings.CONTROL: getattr(arguments, "control", None),
    }
    return load_configuration(arguments.config, flags)


def _run(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands

    return commands.run(lambda: read_configuration(arguments))


def _check(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands

    return commands.check_configuration(read_configuration(arguments))


def _show(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands

    return commands.show_configuration(read_configuration(arguments))


def _doctor(arguments: argparse.Namespace) -> int:
    from osmia.monitor import commands

    return commands.doctor(arguments.interfaces, as_json=arguments.as_json, control=arguments.control)
