"""Modules of kernel functions from files, as a user's program imports them."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from osmia import Program

_numbers = itertools.count()


def import_file(path: Path) -> ModuleType:
    """Execute a file as a module of its own; importing it again gives another module."""
    name = f"kernel_module_{next(_numbers)}_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


def programs_of(module: ModuleType) -> tuple[Program[Any, Any], ...]:
    """The programs of a module, in the order of their definition."""
    values = list(vars(module).values())
    return tuple(cast("Program[Any, Any]", value) for value in values if issubclass(type(value), Program))
