"""The tests import the reader's files; with --solutions, those in solutions/."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --solutions."""
    parser.addoption("--solutions", action="store_true", help="run the tests on the solutions")


def pytest_configure(config: pytest.Config) -> None:
    """Put the folder of the modules first."""
    sys.path.insert(0, str(HERE / "solutions" if config.getoption("--solutions") else HERE))
