"""The exercises of docs/course: solutions pass their tests, files with a gap do not; solutions compile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from osmia.compiler.compile import compile_programs
from tests.builders.kernel_modules import import_file, programs_of

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = ROOT / "docs" / "course" / "exercises"
NAMES = sorted(file.stem.removeprefix("test_") for file in EXERCISES.glob("test_*.py"))


def outcome(*arguments: str) -> str:
    """What pytest says of all exercises, a line for each test."""
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=no", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, str(EXERCISES), *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def test_the_solutions_pass() -> None:
    said = outcome("--solutions")
    assert "FAILED" not in said
    for name in NAMES:
        assert f"PASSED docs/course/exercises/test_{name}.py" in said


def test_each_gap_is_noticed() -> None:
    said = outcome()
    for name in NAMES:
        assert f"FAILED docs/course/exercises/test_{name}.py" in said


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_fills_the_gap_and_compiles(name: str) -> None:
    gap, solution = (EXERCISES / f"{name}.py").read_text(), EXERCISES / "solutions" / f"{name}.py"
    assert "Your part" in gap or "mend it" in gap
    assert "Your part" not in solution.read_text()
    assert compile_programs(programs_of(import_file(solution))).startswith(b"\x7fELF")


def test_the_chapters_name_their_exercises() -> None:
    chapters = "".join(file.read_text() for file in EXERCISES.parent.glob("*.md"))
    assert [name for name in NAMES if f"exercises/{name}.py" not in chapters] == []
