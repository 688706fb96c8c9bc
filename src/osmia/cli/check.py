"""`osmia check`: what is wrong with a file's programs, and what the kernel's verifier says of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from osmia.bpf.features import Answer, features, helpers
from osmia.cli.subcommands import SubCommands
from osmia.cli.user_module import import_file, programs_in
from osmia.compiler.compile import check, compile_programs
from osmia.diagnostics import Diagnostic, Span, render
from osmia.errors import CompileError, VerifierError
from osmia.lang import Program
from osmia.loader import ObjectSpec, read_object
from osmia.loader.judgement import Judgement, Verdict, judge

__all__ = ["add_parser"]

_DONE, _FAILED, _NOT_PERMITTED = 0, 1, 77
_SIZE = 8
"""Bytes of an instruction."""


def add_parser(subparsers: SubCommands) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "check",
        help="say what is wrong with a file's programs, or what this kernel can do",
        description="With a file: report every error of its programs, then have this kernel's verifier judge "
        "each of them. Nothing is attached. Without a file: say what this kernel and user can do.",
        epilog="example: osmia check examples/xdp_counter.py. The exit code is 0 where all is well, 1 where "
        "a program is wrong or refused, 77 where the kernel could not be asked.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.py", nargs="?")
    parser.add_argument("--no-kernel", action="store_true", help="compile only, do not ask the kernel")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.set_defaults(handler=_check)


def _check(arguments: argparse.Namespace) -> int:
    path: Path | None = arguments.file
    if path is None:
        return _show_features(arguments.json)
    programs = programs_in(import_file(path), path)
    try:
        spec = read_object(compile_programs(programs))
    except CompileError as error:
        found = _all_findings(programs, error)
        if arguments.json:
            _print_json(path, found, [])
        else:
            print(render(found), file=sys.stderr)
        return _FAILED
    if arguments.no_kernel:
        judgements = [Judgement(name, Verdict.NOT_JUDGED) for name in spec.programs]
    else:
        judgements = list(judge(spec))
    if arguments.json:
        _print_json(path, [], [_as_data(spec, each) for each in judgements])
    else:
        _print_table(spec, judgements)
        _print_errors(judgements)
    verdicts = {each.verdict for each in judgements}
    if Verdict.REFUSED in verdicts:
        return _FAILED
    return _NOT_PERMITTED if Verdict.NOT_JUDGED in verdicts and not arguments.no_kernel else _DONE


def _all_findings(programs: Sequence[Program[Any, Any]], first: CompileError) -> list[Diagnostic]:
    """Every finding: where only machine code shows a fault, the others' faults are asked for one by one."""
    found = list(first.diagnostics)
    try:
        check(tuple(programs))
    except CompileError:
        return found
    for program in programs:
        try:
            compile_programs((program,))
        except CompileError as error:
            found += [each for each in error.diagnostics if each not in found]
    return found


def _print_table(spec: ObjectSpec, judgements: Iterable[Judgement]) -> None:
    header = ("program", "verdict", "instructions", "processed", "stack", "peak states", "time")
    rows: list[tuple[str, ...]] = [header]
    for each in judgements:
        row: tuple[str, ...] = (each.program, each.verdict.value, str(_instructions(spec, each.program)))
        if each.complexity is not None:
            stack = "+".join(str(depth) for depth in each.complexity.stack)
            row += (str(each.complexity.processed), stack)
            row += (str(each.complexity.peak_states), f"{each.complexity.microseconds} µs")
        rows.append((*row, *("-" for _ in header[len(row) :])))
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for line in rows:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _print_errors(judgements: Iterable[Judgement]) -> None:
    told: set[str] = set()
    for each in judgements:
        text = str(each.error) if each.error is not None else ""
        if isinstance(each.error, VerifierError):
            print(f"\n{text}", file=sys.stderr)
        elif text and text not in told:
            print(f"\nosmia: {each.program} was compiled but not judged: {text}", file=sys.stderr)
            told.add(text)


def _instructions(spec: ObjectSpec, program: str) -> int:
    return sum(len(function.instructions) // _SIZE for function in spec.programs[program].functions)


def _as_data(spec: ObjectSpec, judgement: Judgement) -> dict[str, object]:
    complexity, error = judgement.complexity, judgement.error
    data: dict[str, object] = {
        "name": judgement.program,
        "type": spec.programs[judgement.program].type.name.lower(),
        "verdict": judgement.verdict.value,
        "instructions": _instructions(spec, judgement.program),
    }
    if complexity is not None:
        data |= {
            "processed_instructions": complexity.processed,
            "instruction_limit": complexity.limit,
            "stack_bytes": list(complexity.stack),
            "peak_states": complexity.peak_states,
            "total_states": complexity.total_states,
            "verification_us": complexity.microseconds,
        }
    if isinstance(error, VerifierError):
        place = _place(error.span) if error.span is not None else {}
        data["reason"] = {"message": error.cause, "help": error.help, **place, "log": error.log}
    elif error is not None:
        data["reason"] = {"message": str(error)}
    return data


def _place(span: Span) -> dict[str, object]:
    """Lines and columns count from 1; the end is the first column behind it."""
    return {
        "file": span.filename,
        "line": span.line,
        "column": span.column + 1,
        "end_line": span.end_line,
        "end_column": span.end_column + 1,
    }


def _print_json(path: Path, found: Iterable[Diagnostic], programs: list[dict[str, object]]) -> None:
    findings = [
        {
            "code": each.code,
            **_place(each.span),
            "message": each.message,
            "help": each.help,
            "notes": list(each.notes),
        }
        for each in found
    ]
    print(json.dumps({"file": str(path), "findings": findings, "programs": programs}, indent=2))


def _show_features(as_json: bool) -> int:
    """What this kernel and user can do."""
    found, callable_helpers = features(), helpers()
    if as_json:
        rows = [{"name": each.name, "answer": each.answer.value, "reason": each.reason} for each in found]
        names = {kind: None if each is None else sorted(each) for kind, each in callable_helpers.items()}
        print(json.dumps({"features": rows, "helpers": names}, indent=2))
        return _DONE
    words = {Answer.YES: "yes", Answer.NO: "no", Answer.UNKNOWN: "cannot tell"}
    lines = [(each.name, words[each.answer], each.reason) for each in found]
    for kind, allowed in callable_helpers.items():
        told = "cannot tell" if allowed is None else str(len(allowed))
        lines.append((f"helpers of {kind} programs", told, ""))
    width = max(len(name) for name, _, _ in lines)
    for name, answer, reason in lines:
        print(f"{name.ljust(width)}  {answer:11}  {reason}".rstrip())
    return _DONE
