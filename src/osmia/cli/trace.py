"""`osmia trace`: its arguments. What it does is imported only when it is called."""

# ruff: noqa: PLC0415 - tracing is imported only when it is called
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from osmia.cli.subcommands import SubCommands
from osmia.errors import UsageError

if TYPE_CHECKING:
    from osmia.tracing.program import Request

__all__ = ["add_parser"]

_LONGEST = 10 * 365 * 86_400.0

EXAMPLES = """examples:
  osmia trace 'tracepoint:syscalls:sys_enter_openat' --print 'pid, comm, filename'
  osmia trace 'tracepoint:raw_syscalls:sys_enter' --key comm
  osmia trace 'tracepoint:syscalls:sys_exit_read' --filter 'ret > 0' --key comm --sum ret
  osmia trace 'tracepoint:syscalls:sys_exit_read' --since 'tracepoint:syscalls:sys_enter_read' --hist elapsed
  osmia trace --list 'tracepoint:sched:*'

Expressions are Python: numbers, texts, arithmetic, comparisons, and, or, not, in, a if b else c. Names are
pid, tid, uid, gid, comm, cpu, nsecs, probe; the fields of a tracepoint (args.NAME, or NAME); arg0, arg1, …
of raw tracepoints and kprobes; retval of kretprobes; elapsed with --since. user_str(address) and
kernel_str(address) read text.
"""


def add_parser(subparsers: SubCommands) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "trace",
        help="one-liners: count, sum up or print what happens at a probe",
        description="Count, sum up or print what happens at tracepoints and kernel functions. Without an "
        "action it counts. Ctrl-C ends it and shows the result.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "probes",
        nargs="*",
        metavar="PROBE",
        help="tracepoint:CATEGORY:NAME, raw_tracepoint:NAME (with * and ?), kprobe:NAME, kretprobe:NAME",
    )
    actions = parser.add_mutually_exclusive_group()
    actions.add_argument("--count", action="store_true", help="count events (the default)")
    actions.add_argument("--sum", metavar="EXPR", help="add up a number")
    actions.add_argument("--hist", metavar="EXPR", help="sort a number into a histogram of powers of two")
    actions.add_argument("--print", metavar="EXPRS", help="print values of each event")
    actions.add_argument(
        "--list", action="store_true", help="list tracepoints; the fields too where it is only one"
    )
    parser.add_argument("--key", metavar="EXPRS", default="", help="one row for each of these values")
    parser.add_argument("--filter", metavar="EXPR", default="", help="only events for which this is true")
    parser.add_argument(
        "--since",
        metavar="PROBE",
        action="append",
        default=[],
        help="where `elapsed` starts: nanoseconds from there, in the same thread",
    )
    parser.add_argument(
        "--interval", type=_seconds, metavar="SECONDS", help="a table of each interval, not one at the end"
    )
    parser.add_argument("--duration", type=_seconds, metavar="SECONDS", help="end after so long")
    parser.add_argument("--json", action="store_true", dest="as_json", help="for programs")
    parser.add_argument("--show", action="store_true", help="print the program and do not run it")
    parser.set_defaults(handler=_trace)


def _seconds(text: str) -> float:
    number = float(text)
    if not 0.05 <= number <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.05 and {_LONGEST:.0f} seconds")
    return number


def _trace(arguments: argparse.Namespace) -> int:
    from osmia.tracing import session
    from osmia.tracing.program import write_program

    if arguments.list:
        return _list(arguments.probes)
    if not arguments.probes:
        raise UsageError(
            "no probe is given", "for one: osmia trace tracepoint:raw_syscalls:sys_enter --key comm"
        )
    program = write_program(_request(arguments))
    if arguments.show:
        print(program.text, end="")
        return 0
    output = session.Output(arguments.as_json, arguments.interval, arguments.duration)
    try:
        session.run(program, output)
    except KeyboardInterrupt:  # before anything was attached
        return 0
    return 0


def _request(arguments: argparse.Namespace) -> Request:
    from osmia.tracing.probes import expand
    from osmia.tracing.program import Action, Request
    from osmia.tracing.tracefs import TracepointCatalogue, tracefs_root

    given = {Action.SUM: arguments.sum, Action.HISTOGRAM: arguments.hist, Action.PRINT: arguments.print}
    action = next((action for action, value in given.items() if value is not None), Action.COUNT)
    value = given.get(action) or ""
    if action is not Action.COUNT and not value.strip():
        raise UsageError(f"--{action.value} has no expression", "name what to take: --print 'pid, comm'")
    if action is Action.PRINT and (arguments.key or arguments.interval):
        raise UsageError("--print shows each event", "leave out --key and --interval, or count instead")

    def catalogue() -> TracepointCatalogue:
        return TracepointCatalogue(tracefs_root())

    return Request(
        expand(arguments.probes, catalogue),
        action,
        value,
        arguments.key,
        arguments.filter,
        expand(arguments.since, catalogue),
    )


def _list(patterns: list[str]) -> int:
    from osmia.tracing.listing import listing

    print("\n".join(listing(patterns or ["tracepoint:*:*"])))
    return 0
