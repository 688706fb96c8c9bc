"""Arguments that several commands of `osmia monitor` have."""

from __future__ import annotations

import argparse
from pathlib import Path

from osmia.cli.subcommands import SubCommands

__all__ = ["add_bounds", "add_command", "add_configuration", "add_control", "add_schema", "number", "seconds"]

MAXIMUM_SECONDS = 10 * 365 * 86_400.0


def add_command(commands: SubCommands, name: str, what: str, example: str) -> argparse.ArgumentParser:
    """A command with its one sentence and its example."""
    return commands.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=f"example: {example}"
    )


def add_bounds(parser: argparse.ArgumentParser) -> None:
    """How often, how long, and in which shape."""
    parser.add_argument("--interval", type=seconds, metavar="SECONDS", help="between snapshots (1)")
    parser.add_argument("--duration", type=seconds, metavar="SECONDS", help="end after so long")
    parser.add_argument("--count", type=number, metavar="N", help="end after so many snapshots")
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help="no dashboard, also on a terminal"
    )


def add_schema(parser: argparse.ArgumentParser) -> None:
    """Whose field names."""
    parser.add_argument("--schema", choices=("eve", "ecs"), help="whose names the fields have (eve)")


def add_control(parser: argparse.ArgumentParser) -> None:
    """Which running monitor."""
    parser.add_argument("--control", metavar="PATH", help="the monitor's control socket")


def add_configuration(parser: argparse.ArgumentParser) -> None:
    """Which configuration file."""
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="FILE",
        help="default: ~/.config/osmia/monitor.toml, else /etc/osmia/monitor.toml",
    )


def seconds(text: str) -> float:
    """A time span."""
    given = float(text)
    if not 0.05 <= given <= MAXIMUM_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.05 and {MAXIMUM_SECONDS:.0f} seconds")
    return given


def number(text: str) -> int:
    """How many."""
    given = int(text)
    if not 1 <= given <= 100_000:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 100000")
    return given
