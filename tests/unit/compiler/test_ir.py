"""The IR of small programs and of the examples, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

import examples
from osmia.compiler.compile import check
from osmia.compiler.ir.printer import print_module
from tests.builders.kernel_modules import import_file, programs_of
from tests.unit.compiler.conftest import CompareGolden

FOLDER = Path(__file__).with_name("ir")
EXAMPLES = Path(examples.__path__[0])
PROGRAMS = [
    *sorted(FOLDER.glob("*.py")),
    *(EXAMPLES / f"{name}.py" for name in ("xdp_pass", "xdp_counter", "xdp_firewall")),
]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_ir(path: Path, compare_golden: CompareGolden) -> None:
    text = print_module(check(programs_of(import_file(path))))
    compare_golden(FOLDER / f"{path.stem}.ir", text)


def test_every_golden_has_a_program() -> None:
    assert {golden.stem for golden in FOLDER.glob("*.ir")} == {path.stem for path in PROGRAMS}
