"""Compiled objects by the content of all that they were compiled from.

The key is a hash of the files that the functions stand in, of every captured value, of this compiler's
own files (their sizes and times), and of the versions of Python and llvmlite. A file in the cache is
taken only if it belongs to this user and nobody else may write to it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat
import sys
import threading
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, cast

from osmia import compiler
from osmia.lang.arrays import Array
from osmia.lang.integers import Integer
from osmia.lang.program_arrays import is_program_array
from osmia.lang.programs import Program
from osmia.lang.references import References, references_of
from osmia.lang.structs import Struct

_COMPILING_ROOMS = ("compiler", "lang", "uapi")
_MOST_FILES = 256
"""Objects that the cache keeps; the ones used longest ago go first."""


def compiled_object(programs: tuple[Program[Any, Any], ...]) -> tuple[bytes, References]:
    """The ELF object of some programs, from the cache where it is there, and what they refer to.

    Raises:
        CompileError: with every finding.
    """
    references = references_of(programs)
    programs = tuple(references.programs)
    key = _fingerprint(programs, references)
    path = None if key is None else cache_directory() / f"{key}.o"
    if path is not None:
        found = _read(path)
        if found is not None:
            return found, references
    data = compiler.compile_programs(programs, references)
    if path is not None:
        _write(path, data)
    return data, references


def cache_directory() -> Path:
    """Where compiled objects are kept: `osmia/objects` in XDG_CACHE_HOME."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "osmia" / "objects"


def _read(path: Path) -> bytes | None:
    """The object, or None where it is absent or somebody else could have written it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return None
        os.utime(file.fileno())
        data = file.read()
    digest, object_bytes = data[:32], data[32:]
    return object_bytes if hashlib.sha256(object_bytes).digest() == digest else None


def _write(path: Path, data: bytes) -> None:
    """Put an object into the cache in one step; a cache that cannot be written is no error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(hashlib.sha256(data).digest() + data)
        unfinished.replace(path)
        objects = sorted(path.parent.glob("*.o"), key=lambda each: each.stat().st_mtime, reverse=True)
        for old in objects[_MOST_FILES:]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _fingerprint(programs: tuple[Program[Any, Any], ...], references: References) -> str | None:
    """The key, or None where a source has no file that can be read."""
    digest = hashlib.sha256()
    files = {function.__code__.co_filename for function in references.functions}
    try:
        for filename in sorted(files):
            digest.update(filename.encode() + b"\0" + Path(filename).read_bytes() + b"\0")
    except OSError:
        return None
    facts = [*_own_files(), sys.version, os.uname().machine, _llvm()]
    facts += [f"{type(program).__name__} {program.name} {program.section}" for program in programs]
    facts += [f"{name} {declaration!r} {declaration.flags}" for name, declaration in references.maps.items()]
    facts += [_describe(declaration.key_type) for declaration in references.maps.values()]
    facts += [_describe(declaration.value_type) for declaration in references.maps.values()]
    facts += [
        f"{name} {index} {program.name}"
        for name, declaration in references.maps.items()
        if is_program_array(declaration)
        for index, program in declaration.programs.items()
    ]
    facts += [f"{name} {constant!r}" for name, constant in references.constants.items()]
    facts += [f"{name} {variable!r}" for name, variable in references.globals.items()]
    facts += [f"{name} {_describe(value)}" for name, value in references.values]
    facts += [f"{name} {each.verified_alone}" for name, each in references.subprograms.items()]
    facts += [function.__qualname__ for function in references.functions]
    digest.update("\n".join(facts).encode())
    return digest.hexdigest()


def _own_files() -> list[str]:
    """Which compiler this is: to read all of it would take longer than all the rest of a start."""
    package = Path(__file__).parents[1]
    return sorted(
        f"{found.path} {found.stat().st_size} {found.stat().st_mtime_ns}"
        for room in _COMPILING_ROOMS
        for found in _sources(str(package / room))
    )


def _sources(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _sources(entry.path)
            elif entry.name.endswith(".py"):
                yield entry


def _llvm() -> str:
    """Which llvmlite there is, found without importing it."""
    specification = importlib.util.find_spec("llvmlite")
    if specification is None or specification.origin is None:
        return ""
    return f"{specification.origin} {Path(specification.origin).stat().st_mtime_ns}"


def _describe(value: object) -> str:
    """A text that changes when a captured value does."""
    if isinstance(value, type):
        return _describe_class(cast("type[Any]", value))
    if isinstance(value, int | str | bytes | Integer | None):
        return repr(value)
    return f"object {type(value).__qualname__} {getattr(value, '__qualname__', '')}"


def _describe_class(python_class: type[Any]) -> str:
    name = python_class.__qualname__
    if issubclass(python_class, Struct):
        fields = ", ".join(
            f"{field.name}@{field.offset}: {_describe_class(field.type)}" for field in python_class.layout
        )
        return f"struct {name} {{{fields}}} {python_class.defaults!r}"
    if issubclass(python_class, Enum):
        members = [(member, str(value.value)) for member, value in python_class.__members__.items()]
        return f"enum {python_class.__mro__[1].__name__} {name} {members}"
    element: Any = getattr(python_class, "element", None)
    if issubclass(python_class, Array) and element is not None:
        return f"array {name} {python_class.length} {_describe_class(element)}"
    # Nothing of an object's address may come in here: the key must be the same in each process.
    return f"type {name} {python_class.bits if issubclass(python_class, Integer) else ''}"
