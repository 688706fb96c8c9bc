"""Each construct of the language, alone: the same in plain Python and in the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential.comparison import compare
from tests.differential.generator import packets

MODULES = sorted((Path(__file__).parent / "constructs").glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_both_sides_agree(path: Path) -> None:
    compare(path, packets(7, 40))
