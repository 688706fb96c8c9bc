"""Golden files: texts that the compiler gave once and a reader approved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

CompareGolden = Callable[[Path, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write the compiler's texts into the golden files: pytest tests/unit/compiler --update-goldens",
    )


@pytest.fixture
def compare_golden(request: pytest.FixtureRequest) -> CompareGolden:
    """Compare a text with a golden file, or write it there with --update-goldens."""
    update = bool(request.config.getoption("--update-goldens", default=False))

    def compare(golden: Path, text: str) -> None:
        if update:
            golden.write_text(text)
        expected = golden.read_text() if golden.exists() else ""
        assert text == expected, f"{golden.name} differs; if it is meant: --update-goldens"

    return compare
