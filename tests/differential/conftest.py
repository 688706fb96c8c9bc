"""How many generated modules are compared, and from which seed on."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("differential")
    group.addoption(
        "--modules", type=int, default=10, help="generated modules to compare, of some programs each"
    )
    group.addoption(
        "--function-modules", type=int, default=2, help="generated modules of many small functions each"
    )
    group.addoption("--first-seed", type=int, default=0, help="the seed of the first module")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker("kernel")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    options = metafunc.config.option
    for name, count in (("seed", "modules"), ("functions_seed", "function_modules")):
        if name in metafunc.fixturenames:
            first = options.first_seed
            metafunc.parametrize(name, range(first, first + getattr(options, count)))
