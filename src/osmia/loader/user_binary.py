"""Programs and libraries of user space: where they are, and where their functions stand in the file.

The format is ELF64, little endian (elf(5)); the file may be anything, so each read is checked.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from osmia.errors import MalformedError, UsageError

_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMTAB, _DYNSYM, _LOAD, _FUNCTION, _INDIRECT = 2, 11, 1, 2, 10
_LARGEST_FILE = 4 << 30
_MOST_INCLUDES = 64
_LIBRARY_FOLDERS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")


def find_binary(name: str) -> Path:
    """The file of a path, a library or a program; libraries as ld.so(8) finds them, without its cache.

    Raises:
        UsageError: there is none.
    """
    if "/" in name:
        if not Path(name).is_file():
            raise UsageError(f"there is no file {name!r}", "give the path of a program or library")
        return Path(name)
    folders = [*_configured(Path("/etc/ld.so.conf"), 0), *_LIBRARY_FOLDERS]
    folders += os.environ.get("PATH", "").split(":")
    for folder in folders:
        path = Path(folder, name)
        if folder and path.is_file():
            return path
    raise UsageError(f"there is no library and no program {name!r}", "give its path")


def _configured(file: Path, depth: int) -> Iterator[str]:
    """The folders that the loader of programs is configured with."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split("#", 1)[0].split()
        if len(words) == 2 and words[0] == "include" and depth < _MOST_INCLUDES:
            for included in sorted(Path("/").glob(words[1].lstrip("/"))):
                yield from _configured(included, depth + 1)
        elif len(words) == 1:
            yield words[0]


def function_offset(path: Path, symbol: str) -> int:
    """Where a function begins in its file.

    Raises:
        UsageError: it has no such function.
        MalformedError: it is no ELF file of this machine.
    """
    with path.open("rb") as file:
        data = file.read(_LARGEST_FILE)
    if data[:6] != b"\x7fELF\x02\x01":
        raise MalformedError("program", f"{path} is no ELF64 file, little endian", 0)
    _, _, _, _, segments, sections, _, _, segment_size, segment_count, size, count, _ = _unpack(
        _HEADER, data, 0
    )
    headers = [_unpack(_SECTION, data, sections + index * size) for index in range(count)]
    addresses = _addresses(data, headers, symbol.encode())
    if addresses:
        for index in range(segment_count):
            place = segments + index * segment_size
            kind, _, offset, address, _, in_file, _, _ = _unpack(_SEGMENT, data, place)
            if kind == _LOAD and address <= addresses[0] < address + in_file:
                return addresses[0] - address + offset
        raise MalformedError("program", f"{symbol} stands outside of what is loaded of {path}")
    raise UsageError(
        f"{path} has no function {symbol!r}",
        "`nm -D` lists those of a library; a stripped one keeps no others",
    )


def _unpack(record: struct.Struct, data: bytes, offset: int) -> tuple[int, ...]:
    if offset + record.size > len(data):
        raise MalformedError("program", "a table leaves the file", offset)
    return record.unpack_from(data, offset)


def _addresses(data: bytes, headers: list[tuple[int, ...]], name: bytes) -> list[int]:
    """The addresses of the functions of a name; those of the whole table before those of the dynamic one."""
    found: list[int] = []
    for wanted in (_SYMTAB, _DYNSYM):
        for header in headers:
            _, kind, _, _, offset, size, link, _, _, _ = header
            if kind != wanted or link >= len(headers) or offset + size > len(data):
                continue
            strings_offset, strings_size = headers[link][4], headers[link][5]
            strings = data[strings_offset : strings_offset + strings_size]
            names = _positions(strings, name)
            table = memoryview(data)[offset : offset + size // _SYMBOL.size * _SYMBOL.size]
            for text, info, _, section, value, _ in _SYMBOL.iter_unpack(table):
                if text in names and info & 15 in (_FUNCTION, _INDIRECT) and section:
                    found.append(value)
    return found


def _positions(strings: bytes, name: bytes) -> frozenset[int]:
    """Where a name stands in a string table; one may be the end of another."""
    positions: set[int] = set()
    ended = name + b"\0"
    position = strings.find(ended)
    while position >= 0:
        positions.add(position)
        position = strings.find(ended, position + 1)
    return frozenset(positions)
