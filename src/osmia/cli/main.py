"""The command `osmia`: its sub-commands, and what errors mean for the exit code."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import signal
import sys
from collections.abc import Sequence

from osmia.cli import build, inspect, monitor, run
from osmia.diagnostics import render
from osmia.errors import (
    CompileError,
    NotSupportedError,
    OsmiaError,
    PermissionDeniedError,
    UnknownInterfaceError,
    UsageError,
)

__all__ = ["main", "parser"]

FAILED, WRONG_USAGE, NOT_PERMITTED, INTERRUPTED, TERMINATED = 1, 2, 77, 130, 143


class _Terminated(BaseException):
    """SIGTERM, as an exception: everything is detached and closed on the way out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["monitor"]:
        given[1:] = monitor.with_default_command(given[1:])
    parsed = parser().parse_args(given)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code: int = parsed.handler(parsed)
        sys.stdout.flush()
    except CompileError as error:
        print(render(error.diagnostics), file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # Nobody reads any more: quiet, and quiet at exit too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OsmiaError, OSError) as error:
        print(f"osmia: {error}", file=sys.stderr)
        return _exit_code(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except _Terminated:
        return TERMINATED
    return code


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="osmia", description="eBPF for Python, and a network monitor.")
    top.add_argument("--version", action="version", version=f"osmia {importlib.metadata.version('osmia')}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (monitor, run, build, inspect):
        command.add_parser(subparsers)
    return top


def _terminate(number: int, frame: object) -> None:
    raise _Terminated


def _exit_code(error: Exception) -> int:
    if isinstance(error, PermissionDeniedError | NotSupportedError):
        return NOT_PERMITTED
    return WRONG_USAGE if isinstance(error, UsageError | UnknownInterfaceError) else FAILED


if __name__ == "__main__":
    raise SystemExit(main())
