"""A user's file, imported for its programs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from osmia.errors import UsageError
from osmia.lang import Program
from osmia.lang.programs import is_program

__all__ = ["import_file", "programs_in"]


def import_file(path: Path) -> ModuleType:
    """Import a Python file as the module of its name; what stands beside it can be imported too.

    Raises:
        UsageError: there is no such Python file.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if path.suffix != ".py" or specification is None or specification.loader is None:
        raise UsageError(f"{path} is no Python file", "give a file that ends in .py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.resolve().parent))
    specification.loader.exec_module(module)
    return module


def programs_in(module: ModuleType, path: Path) -> tuple[Program[Any, Any], ...]:
    """The programs that a module declares; UsageError where there is none."""
    found: list[Program[Any, Any]] = []
    values: list[Any] = list(vars(module).values())
    for value in values:
        if is_program(value) and value not in found:
            found.append(value)
    if not found:
        raise UsageError(f"{path} declares no program", "decorate a function with @xdp or @classifier")
    return tuple(found)
