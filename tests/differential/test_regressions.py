"""Programs that once meant something else in the kernel, or that its verifier refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential.comparison import compare
from tests.differential.generator import packets

MODULES = sorted(Path(__file__).with_name("regressions").glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_plain_python_and_the_kernel_agree(path: Path) -> None:
    short = [bytes(range(start, start + 20)) for start in (0, 100, 200)]
    compare(path, [*packets(1, 20), *short])
