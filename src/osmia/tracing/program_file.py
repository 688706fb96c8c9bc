"""A generated program as a file of the cache, so that errors and tools point at something that exists."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from types import ModuleType

from osmia import UsageError

__all__ = ["import_text", "program_directory"]

_MOST_FILES = 256
"""Programs that are kept; the ones used longest ago go first."""


def program_directory() -> Path:
    """Where generated programs are kept: `osmia/programs` in XDG_CACHE_HOME."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "osmia" / "programs"


def import_text(text: str) -> ModuleType:
    """Write a program into the cache and run it as a module.

    Raises:
        UsageError: somebody else could write there, or nobody can.
    """
    name = f"trace_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    path = program_directory() / f"{name}.py"
    _write(path, text)
    module = ModuleType(name)
    module.__file__ = str(path)
    # The text itself is run, not what the file may have become.
    exec(compile(text, path, "exec", dont_inherit=True), vars(module))  # noqa: S102
    return module


def _write(path: Path, text: str) -> None:
    """The file is whole or not there, and in a directory that only this user can write to."""
    directory = path.parent
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = directory.stat()
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UsageError(
                f"others could change programs in {directory}", "set XDG_CACHE_HOME to a directory of yours"
            )
        with tempfile.NamedTemporaryFile(dir=directory, delete=False) as file:
            file.write(text.encode())
        Path(file.name).replace(path)
        _prune(directory)
    except OSError as error:
        help_text = "set XDG_CACHE_HOME to a directory that can be written"
        raise UsageError(f"cannot write {path}: {error.strerror}", help_text) from None


def _prune(directory: Path) -> None:
    programs = list(directory.glob("trace_*.py"))
    if len(programs) > _MOST_FILES:
        programs.sort(key=lambda each: each.stat().st_mtime, reverse=True)
        for old in programs[_MOST_FILES:]:
            old.unlink(missing_ok=True)
