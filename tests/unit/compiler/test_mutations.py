"""Whatever a program's text is: an object, or a CompileError; never a fault of the compiler."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from osmia import CompileError
from osmia.compiler.compile import compile_programs
from tests.builders.kernel_modules import import_file, programs_of
from tests.unit.compiler.mutations import SEED_MODULE, mutants

SEED = 20_261_122
MODULES = 120


def imported(path: Path, text: str) -> ModuleType | None:
    """The module, or None where Python itself refuses it."""
    path.write_text(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return import_file(path)
    except Exception:  # noqa: BLE001 - decorators, structs and maps refuse much when they are declared
        return None


def test_the_seed_compiles(tmp_path: Path) -> None:
    module = imported(tmp_path / "seed.py", SEED_MODULE)
    assert module is not None
    assert compile_programs(programs_of(module)).startswith(b"\x7fELF")


def outcome(module: ModuleType, text: str) -> str:
    """Either `compiled` or `refused`; anything else fails the test."""
    try:
        data = compile_programs(programs_of(module))
    except CompileError as error:
        diagnostics = error.diagnostics
    except Exception as fault:  # noqa: BLE001 - there must be none
        pytest.fail(f"{fault!r} on\n{text}")
    else:
        return "compiled" if data.startswith(b"\x7fELF") else "no object"
    for finding in diagnostics:
        assert finding.code != "backend", f"{finding.message}\n{text}"
        assert 1 <= finding.span.line <= len(text.splitlines())
        assert finding.span.text in text
    return "refused" if diagnostics else "refused without a finding"


def test_mutants_compile_or_are_refused_with_findings(tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    for number, text in enumerate(itertools.islice(mutants(SEED), MODULES)):
        module = imported(tmp_path / f"mutant{number}.py", text)
        if module is not None:
            outcomes[outcome(module, text)] += 1
    assert outcomes.keys() == {"compiled", "refused"}
    assert outcomes["compiled"] > MODULES // 20
    assert outcomes["refused"] > MODULES // 4
