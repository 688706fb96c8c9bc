"""Functions of a running program, from its mappings and the symbol tables of the mapped files."""

from __future__ import annotations

import os
import re
import stat
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path

from osmia.dataclass import dataclass
from osmia.elf import Executable, read_executable
from osmia.errors import MalformedError
from osmia.symbols.frame import Frame

__all__ = ["ExecutableFiles", "ProcessSymbols"]

_LARGEST_MAPS = 16 << 20
"""Bytes that are read of /proc/PID/maps."""
_MOST_FILES = 256
"""Symbol tables that are kept; those used longest ago go first."""
_DELETED = " (deleted)"
_NO_SYMBOLS = Executable((), ())


@dataclass(frozen=True)
class _Mapping:
    """Code in a process: addresses `start` to `end`, from the byte `offset` of a file on."""

    start: int
    end: int
    offset: int
    path: str


class ExecutableFiles:
    """The symbol tables of files, each read once; what is no executable has no symbols."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int, int, int], Executable] = OrderedDict()

    def read(self, path: Path) -> Executable:
        """The segments and functions of a file."""
        try:
            # Whatever the name stands for by now: opening it must neither wait nor have effects.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            return _NO_SYMBOLS
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return _NO_SYMBOLS
            key = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
            if key not in self._known:
                try:
                    self._known[key] = read_executable(file)
                except (MalformedError, OSError):
                    self._known[key] = _NO_SYMBOLS
        self._known.move_to_end(key)
        if len(self._known) > _MOST_FILES:
            self._known.popitem(last=False)
        return self._known[key]


class ProcessSymbols:
    """The functions of one process, with the mappings that it has when this object is made.

    A process that has ended, or that this user may not look into, has addresses only. So has code without
    a file: what a just-in-time compiler made.
    """

    def __init__(self, pid: int, files: ExecutableFiles, proc: Path = Path("/proc")) -> None:
        self._process = proc / str(pid)
        self._files = files
        self._mappings = self._read_mappings()
        self._starts = [mapping.start for mapping in self._mappings]

    def resolve(self, address: int) -> Frame:
        """The function that an address lies in."""
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address >= self._mappings[index].end:
            return Frame(address)
        mapping = self._mappings[index]
        if not mapping.path.startswith("/"):
            return Frame(address, module=mapping.path.strip("[]"))
        executable = self._files.read(self._file(mapping))
        module = mapping.path.removesuffix(_DELETED)
        linked = executable.linked_address(address - mapping.start + mapping.offset)
        if linked is None:
            return Frame(address, module=module)
        at = bisect_right(executable.functions, linked, key=lambda function: function.address) - 1
        if at < 0:
            return Frame(address, module=module)
        function = executable.functions[at]
        offset = linked - function.address
        if function.size and offset >= function.size:
            return Frame(address, module=module)
        return Frame(address, function.name, offset, module)

    def _file(self, mapping: _Mapping) -> Path:
        """The mapped file, in the process's own file system; a deleted one by the mapping itself."""
        if mapping.path.endswith(_DELETED):
            return self._process / "map_files" / f"{mapping.start:x}-{mapping.end:x}"
        return self._process / "root" / mapping.path.lstrip("/")

    def _read_mappings(self) -> list[_Mapping]:
        try:
            with (self._process / "maps").open("rb") as file:
                data = file.read(_LARGEST_MAPS)
        except OSError:
            return []
        found: list[_Mapping] = []
        for line in data.decode(errors="surrogateescape").split("\n"):
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) [0-9a-f:]+ \d+ *(.*)$", line)
            if match is not None:
                start, end, offset = (int(number, 16) for number in match.group(1, 2, 3))
                # The kernel writes a newline of a name as \012, and nothing else so.
                found.append(_Mapping(start, end, offset, match[4].replace("\\012", "\n")))
        return found
