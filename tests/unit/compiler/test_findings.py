"""One small program for each mistake, and the message that its author reads."""

from __future__ import annotations

import ast
import inspect
import re
import traceback
from pathlib import Path

import pytest

import osmia
from osmia import CompileError
from osmia.compiler import findings
from osmia.compiler.compile import check, compile_programs
from osmia.diagnostics import render
from tests.builders.kernel_modules import import_file, programs_of
from tests.unit.compiler.conftest import CompareGolden

FOLDER = Path(__file__).with_name("findings")
PROGRAMS = sorted(FOLDER.glob("*.py"))
FOUND_BY_LLVM = {"backend"}
"""Codes that no program is known for: they stand for what the checker should have refused."""
IN_COMPILING = {"large_struct", "call_stack", "call_depth", "large_struct_of_subprogram"}
"""Mistakes that show only when machine code is made."""


def finding_of(path: Path) -> CompileError:
    programs = programs_of(import_file(path))
    with pytest.raises(CompileError) as caught:
        (compile_programs if path.stem in IN_COMPILING else check)(programs)
    return caught.value


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_message(path: Path, compare_golden: CompareGolden) -> None:
    text = render(finding_of(path).diagnostics)
    compare_golden(path.with_suffix(".err"), text.replace(f"{FOLDER}/", "") + "\n")


def test_every_code_has_a_program() -> None:
    prose = "".join(path.read_text() for path in Path(inspect.getfile(findings)).parent.glob("*.py"))
    defined = set(re.findall(r'Diagnostic\(\s*"([a-z-]+)"', prose))
    shown = {
        code
        for golden in FOLDER.glob("*.err")
        for code in re.findall(r" \[([a-z-]+)\]$", golden.read_text(), re.MULTILINE)
    }
    assert shown == defined - FOUND_BY_LLVM


def test_every_golden_has_a_program() -> None:
    assert {golden.stem for golden in FOLDER.glob("*.err")} == {path.stem for path in PROGRAMS}


def test_every_function_of_findings_is_used() -> None:
    used = {
        node.attr
        for path in Path(inspect.getfile(findings)).parents[1].rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "findings"
    }
    defined = {name for name, value in vars(findings).items() if inspect.isfunction(value) and name[0] != "_"}
    assert defined == used


def test_the_error_is_a_syntax_error_that_python_prints() -> None:
    error = finding_of(FOLDER / "unchecked_lookup.py")
    printed = "".join(traceback.format_exception_only(error))
    assert "    count.value += 1\n    ^^^^^\n" in printed
    assert 'unchecked_lookup.py", line 11' in printed
    assert "note:" not in printed
    assert "help: test it first" in printed


@pytest.mark.parametrize("name", ["unchecked_lookup", "refused_in_called_function", "large_struct"])
def test_no_frame_of_the_compiler_is_shown(name: str) -> None:
    (program,) = programs_of(import_file(FOLDER / f"{name}.py"))
    with pytest.raises(CompileError) as caught:
        osmia.load(program)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [Path(frame.filename).name for frame in frames] == [Path(__file__).name, "loaded.py"]
