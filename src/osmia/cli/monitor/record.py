"""`osmia monitor history` and `capture`: their arguments."""

# ruff: noqa: PLC0415 - the monitor is imported only when it is called
from __future__ import annotations

import argparse
from pathlib import Path

from osmia.cli.monitor.arguments import add_command, add_configuration, add_control, number, seconds
from osmia.cli.monitor.service import read_configuration
from osmia.cli.subcommands import SubCommands

__all__ = ["add_capture", "add_history"]


def add_history(commands: SubCommands) -> None:
    """Add `history`."""
    parser = add_command(
        commands,
        "history",
        "print what a monitor has recorded: connections or alerts of a time",
        "osmia monitor history --since 1h --src 203.0.113.0/24 --json",
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=("connections", "alerts"),
        default="connections",
        metavar="WHAT",
        help="connections (the default), the largest first, or alerts, the latest first",
    )
    parser.add_argument(
        "--since", default="1h", metavar="TIME", help="how long ago (30m, 2h, 1d), or 2026-03-01T14:30 (1h)"
    )
    parser.add_argument("--until", metavar="TIME", help="the same (now)")
    parser.add_argument("--src", metavar="CIDR", help="who sent to this machine")
    parser.add_argument("--dst", metavar="CIDR", help="this machine's end")
    parser.add_argument("--addr", metavar="CIDR", help="either end")
    parser.add_argument("--port", type=_port, metavar="PORT", help="of either end")
    parser.add_argument("--process", metavar="NAME", help="of connections of this process")
    parser.add_argument("--proto", metavar="NAME", help="tcp, udp, icmp, or a number")
    parser.add_argument("--limit", type=number, default=1000, metavar="N", help="rows at most (1000)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_const", const="json", dest="form", help="a JSON object a line")
    form.add_argument("--csv", action="store_const", const="csv", dest="form", help="with column names")
    form.add_argument("--parquet", type=Path, metavar="FILE", help="into a Parquet file (needs pyarrow)")
    add_configuration(parser)
    parser.set_defaults(handler=_history, form="table")


def add_capture(commands: SubCommands) -> None:
    """Add `capture`."""
    parser = add_command(
        commands,
        "capture",
        "write frames to a pcapng file, with what the lists say of the other end as a comment",
        "osmia monitor capture eth0 --filter 'src:203.0.113.9 port:443' -w odd.pcapng --duration 60",
    )
    parser.add_argument("interfaces", nargs="*", metavar="IFACE", help="default: that of the default route")
    parser.add_argument("-w", "--write", type=Path, required=True, metavar="FILE", help="a new file")
    parser.add_argument(
        "--filter",
        default="",
        metavar="TERMS",
        help="as in the dashboard: src:CIDR dst:CIDR port:N proto:tcp",
    )
    parser.add_argument("--count", type=number, metavar="N", help="end after so many frames")
    parser.add_argument("--duration", type=seconds, metavar="SECONDS", help="end after so long")
    parser.add_argument(
        "--megabytes", type=number, default=100, metavar="N", help="end when the file is so large (100)"
    )
    add_control(parser)
    parser.set_defaults(handler=_capture)


def _capture(arguments: argparse.Namespace) -> int:
    from osmia.monitor.capture.commands import CaptureRequest, capture

    return capture(
        CaptureRequest(
            file=arguments.write,
            interfaces=arguments.interfaces,
            filter=arguments.filter,
            frames=arguments.count,
            bytes=arguments.megabytes * 1024 * 1024,
            seconds=arguments.duration,
            control=arguments.control,
        )
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is no port")
    return port


def _history(arguments: argparse.Namespace) -> int:
    from osmia.monitor.history.commands import HistoryRequest, show_history

    request = HistoryRequest(
        what=arguments.what,
        since=arguments.since,
        until=arguments.until,
        source=arguments.src,
        destination=arguments.dst,
        address=arguments.addr,
        port=arguments.port,
        process=arguments.process,
        protocol=arguments.proto,
        limit=arguments.limit,
        form=arguments.form or "table",
        parquet=arguments.parquet,
    )
    return show_history(request, read_configuration(arguments))
