"""A user's file, imported for its programs."""

from __future__ import annotations

import importlib.util
import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from osmia.errors import OsmiaError, UsageError
from osmia.lang import Program
from osmia.lang.programs import is_program

__all__ = ["import_file", "programs_in"]


def import_file(path: Path) -> ModuleType:
    """Import a Python file as the module of its name; what stands beside it can be imported too.

    Raises:
        UsageError: there is no such Python file.
        BrokenFileError: it raises.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if path.suffix != ".py" or specification is None or specification.loader is None:
        raise UsageError(f"{path} is no Python file", "give a file that ends in .py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        specification.loader.exec_module(module)
    except OsmiaError:
        raise
    except Exception as error:
        raise BrokenFileError(path, _told(error)) from error
    return module


@dataclass
class BrokenFileError(OsmiaError):
    """A user's file that cannot be imported; `told` is Python's message with the file's own lines."""

    path: Path
    told: str

    def __str__(self) -> str:
        return f"{self.path} cannot be imported\n{self.told}"


_HINTS = (
    (
        r"missing 1 required keyword-only argument: 'max_entries'",
        "write how many entries it has room for: {0}",
    ),
    (r"Map\.__init__\(\) takes \d+ positional arguments", "name the number of entries: {0}"),
    (
        r"(?:xdp|classifier|\w+)\(\) missing 1 required positional argument: 'function'",
        "write the decorator without ()",
    ),
    (r"cannot import name '(\w+)' from 'osmia'", "the names of osmia are listed in docs/language.md"),
)
_ENTRIES = "HashMap(u32, u64, max_entries=1024)"


def _told(error: Exception) -> str:
    """The error as Python prints it, without the frames of osmia and of the import, and what to do."""
    ours = str(Path(__file__).resolve().parents[1])
    lines = traceback.TracebackException.from_exception(error)
    kept = [
        traceback.FrameSummary(each.filename, each.lineno, each.name, line=each.line)
        for each in lines.stack
        if not each.filename.startswith((ours, "<frozen"))
    ]
    text = "".join(
        [*traceback.StackSummary.from_list(kept).format(), *lines.format_exception_only()]
    ).rstrip()
    for pattern, hint in _HINTS:
        if re.search(pattern, str(error)):
            return f"{text}\nhelp: {hint.format(_ENTRIES)}"
    return text


def programs_in(module: ModuleType, path: Path) -> tuple[Program[Any, Any], ...]:
    """The programs that a module declares; UsageError where there is none."""
    found: list[Program[Any, Any]] = []
    values: list[Any] = list(vars(module).values())
    for value in values:
        if is_program(value) and value not in found:
            found.append(value)
    if not found:
        for name, value in vars(module).items():
            decorator = _decorator_without_arguments(value)
            if decorator:
                help_text = f'say what it is for, as in @{decorator}("tcp_connect")'
                raise UsageError(f"{path}: the decorator @{decorator} of {name} has no arguments", help_text)
        raise UsageError(f"{path} declares no program", "decorate a function with @xdp or @classifier")
    return tuple(found)


def _decorator_without_arguments(value: object) -> str:
    """What a decorator such as `kprobe` gave, which took the function for its argument."""
    if not isinstance(value, FunctionType) or not value.__module__.startswith("osmia.lang."):
        return ""
    return value.__qualname__.partition(".")[0] if "<locals>" in value.__qualname__ else ""
