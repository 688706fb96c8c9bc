"""A kernel function that runs as plain Python is ordinary Python for debuggers and coverage tools."""

from __future__ import annotations

import bdb
from pathlib import Path
from types import FrameType, ModuleType

import coverage
import pytest

import osmia
from osmia import XdpAction, XdpProgram
from tests.builders.kernel_modules import import_file

TEXT = """from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=8)


def half(number: u32) -> u32:
    result = number // 2
    return result


@xdp
def program(ctx: XdpContext) -> XdpAction:
    length = half(ctx.length)
    if length > 30:
        counts[length] += 1
        return XdpAction.DROP
    return XdpAction.PASS
"""


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    path = tmp_path / "debugged.py"
    path.write_text(TEXT)
    return import_file(path)


def line_of(text: str) -> int:
    return 1 + next(number for number, line in enumerate(TEXT.splitlines()) if text in line)


def run(module: ModuleType, length: int) -> XdpAction:
    program: XdpProgram = module.program
    with osmia.simulate(program) as bpf:
        return bpf[program].run(bytes(length)).action


def test_coverage_sees_the_lines_that_a_run_took(module: ModuleType) -> None:
    measured = coverage.Coverage(data_file=None, include=[str(module.__file__)], config_file=False)
    measured.start()
    try:
        assert run(module, 40) == XdpAction.PASS
    finally:
        measured.stop()
    lines = set(measured.get_data().lines(str(module.__file__)) or ())
    assert {line_of("result = number"), line_of("if length"), line_of("return XdpAction.PASS")} <= lines
    assert line_of("counts[length] += 1") not in lines

    measured.start()
    try:
        assert run(module, 80) == XdpAction.DROP
    finally:
        measured.stop()
    assert line_of("counts[length] += 1") in set(measured.get_data().lines(str(module.__file__)) or ())


class Debugger(bdb.Bdb):
    """Stops at breakpoints, as pdb does, and notes what it finds there."""

    def __init__(self) -> None:
        super().__init__()
        self.stops: list[tuple[int, dict[str, object]]] = []

    def user_line(self, frame: FrameType) -> None:
        if self.break_here(frame):
            self.stops.append((frame.f_lineno, dict(frame.f_locals)))
        self.set_continue()


def test_a_breakpoint_in_a_kernel_function_is_hit(module: ModuleType) -> None:
    debugger = Debugger()
    file = str(module.__file__)
    inner, outer = line_of("return result"), line_of("counts[length] += 1")
    for line in (inner, outer):
        assert debugger.set_break(file, line) is None
    # A debugger begins where it is told to: `runcall` traces from the call on.
    assert debugger.runcall(run, module, 80) == XdpAction.DROP
    assert [line for line, _ in debugger.stops] == [inner, outer]
    assert debugger.stops[0][1] == {"number": osmia.u32(80), "result": osmia.u32(40)}
    assert debugger.stops[1][1]["length"] == osmia.u32(40)


def test_a_context_made_by_hand_is_enough_to_step_through(module: ModuleType) -> None:
    debugger = Debugger()
    line = line_of("if length")
    debugger.set_break(str(module.__file__), line)
    context = osmia.XdpContext(bytearray(20))
    assert debugger.runcall(module.program, context) == XdpAction.PASS
    assert [(number, names["length"]) for number, names in debugger.stops] == [(line, osmia.u32(10))]
