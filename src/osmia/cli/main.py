"""The command `osmia`: its sub-commands, and what errors mean for the exit code."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import signal
import sys
from collections.abc import Sequence

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

COMMANDS = ("monitor", "new", "run", "trace", "build", "check", "inspect", "generate")
"""Modules of this package; only that of the command that is given is imported."""

FAILED, WRONG_USAGE, NOT_PERMITTED, INTERRUPTED, TERMINATED = 1, 2, 77, 130, 143


class _Terminated(BaseException):
    """SIGTERM, as an exception: everything is detached and closed on the way out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["monitor"]:
        given[1:] = importlib.import_module("osmia.cli.monitor").with_default_command(given[1:])
    parsed = parser(given[0] if given else None).parse_args(given)
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


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """The whole command line, or only what belongs to one command."""
    top = argparse.ArgumentParser(prog="osmia", description="eBPF for Python, and a network monitor.")
    top.add_argument("--version", action=_Version, help="show the version and end")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in (command,) if command in COMMANDS else COMMANDS:
        importlib.import_module(f"osmia.cli.{name}").add_parser(subparsers)
    return top


class _Version(argparse.Action):
    """Prints the version, which is looked for only then: that takes longer than many a command."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option: object = None,
    ) -> None:
        version = importlib.import_module("importlib.metadata").version("osmia")
        print(f"osmia {version} (Linux {os.uname().release}, {_llvm()}, Python {platform.python_version()})")
        parser.exit()


def _llvm() -> str:
    """The compiler's version; a machine that only loads objects may lack it."""
    try:
        binding = importlib.import_module("llvmlite.binding")
    except ImportError:
        return "no LLVM"
    return f"LLVM {'.'.join(map(str, binding.llvm_version_info))}"


def _terminate(number: int, frame: object) -> None:
    raise _Terminated


def _exit_code(error: Exception) -> int:
    if isinstance(error, PermissionDeniedError | NotSupportedError):
        return NOT_PERMITTED
    return WRONG_USAGE if isinstance(error, UsageError | UnknownInterfaceError) else FAILED


if __name__ == "__main__":
    raise SystemExit(main())
