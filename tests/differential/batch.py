"""Modules of small functions in plain Python and in the kernel: what differs, and which lines were run."""

from __future__ import annotations

import os
import struct
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import osmia
from osmia import Map, XdpProgram
from tests.builders.kernel_modules import import_file, programs_of
from tests.differential.comparison import contents, is_used, one_processor, write_module
from tests.differential.functions import FunctionText
from tests.differential.modules import ANSWERS, ModuleText, inputs, module_of_functions
from tests.differential.operations import Tally

FUNCTIONS = 128
"""Functions of one module."""
INPUTS = 16
"""Packets that each of its programs gets."""

_ANSWERS_SIZE = 8 * ANSWERS


@dataclass(frozen=True)
class Difference:
    """A function that gives another number in the kernel than in plain Python, or leaves another map."""

    what: str
    expected: object
    actual: object
    text: str

    def __str__(self) -> str:
        return f"{self.what}: {self.expected} in plain Python, {self.actual} in the kernel\n{self.text}"


def compare_functions(seed: int, folder: Path, tally: Tally, count: int = FUNCTIONS) -> list[Difference]:
    """Make a module of functions, run it on both sides, and count in `tally` what its lines hold."""
    module = module_of_functions(seed, count)
    path = write_module(folder, f"functions_{seed}", module.text)
    return list(_differences(module, path, inputs(seed, INPUTS), tally))


def outcome_of_module(seed: int) -> tuple[int, list[str], Tally]:
    """The seed, what differs, and what was hit: a module in a folder and with a cache of its own."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            found = [str(each) for each in compare_functions(seed, Path(folder), tally)]
        except Exception as error:  # noqa: BLE001 - a module that does not compile or load is a difference too
            found = [f"{type(error).__name__}: {error}"]
    return seed, found, tally


def _differences(module: ModuleText, path: Path, packets: list[bytes], tally: Tally) -> Iterator[Difference]:
    imported = import_file(path)
    programs = [program for program in programs_of(imported) if isinstance(program, XdpProgram)]
    declared = {name: value for name, value in vars(imported).items() if isinstance(value, Map)}
    with one_processor() as processor, osmia.load(*programs) as loaded:
        with osmia.simulate(*programs, processors=os.cpu_count() or 1) as simulated:
            simulated.kernel.processor = processor
            used = {name: value for name, value in declared.items() if is_used(simulated, value)}
            lines = Lines(path, module, tally)
            for program in programs:
                functions = module.functions[program.name]
                for packet in packets:
                    with lines.noted():
                        expected = simulated[program].run(packet)
                    actual = loaded[program].run(packet)
                    if actual.data != expected.data or actual.action != expected.action:
                        yield _wrong_answer(functions, packet, expected, actual)
                        return
                for name, declaration in used.items():
                    left, found = contents(simulated, declaration), contents(loaded, declaration)
                    if left != found:
                        text = "\n".join("\n".join(each.heading + each.lines) for each in functions)
                        yield Difference(f"map {name} after {program.name}", left, found, text)
                        return


def _wrong_answer(functions: list[FunctionText], packet: bytes, expected: Any, actual: Any) -> Difference:
    form = f"<{ANSWERS}Q"
    if len(packet) > _ANSWERS_SIZE:
        pairs = zip(
            struct.unpack(form, expected.data[-_ANSWERS_SIZE:]),
            struct.unpack(form, actual.data[-_ANSWERS_SIZE:]),
            strict=True,
        )
        for function, (left, right) in zip(functions, pairs, strict=False):
            if left != right:
                text = "\n".join(function.heading + function.lines)
                return Difference(f"{function.name} on {packet.hex()}", left, right, text)
    return Difference(f"the program on {packet.hex()}", expected.action, actual.action, "")


class Lines:
    """Which lines of a module are run in plain Python; each is counted once."""

    def __init__(self, path: Path, module: ModuleText, tally: Tally) -> None:
        self._path = str(path)
        self._cells = dict(module.cells)
        self._tally = tally

    @contextmanager
    def noted(self) -> Generator[None]:
        """Count the lines that are run in here; nothing where a debugger or a coverage tool is at work."""
        before: Callable[..., Any] | None = sys.gettrace()
        if before is None:
            sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(before)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        return self._line if frame.f_code.co_filename == self._path else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        if event == "line":
            self._tally.add(self._cells.pop(frame.f_lineno, ()))
        return self._line
