"""Program arrays: which program stands at which index, for tail calls."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TypeVar

from osmia.errors import KernelError, UsageError
from osmia.loader.map_object import MapObject
from osmia.loader.program import ProgramHandle

P = TypeVar("P")


def set_program(array: MapObject, index: int, program: ProgramHandle) -> None:
    """Put a program into an array.

    Raises:
        KeyError: an index outside of the array.
        UsageError: a program of another type than those that are there, or that use the array.
    """
    if not 0 <= index < array.spec.max_entries:
        raise KeyError(index)
    try:
        array.kernel.map_update(array.fileno(), index.to_bytes(4, "little"), program.fd.to_bytes(4, "little"))
    except KernelError as error:
        if error.errno != errno.EINVAL:
            raise
        help_text = "all programs of an array, and those that use it, are of one type"
        raise UsageError(f"{program!r} cannot stand in {array!r}", help_text) from None


class ProgramArrayHandle(MutableMapping[int, P]):
    """A program array as a mapping; indices without a program are absent.

    `programs` are the programs that can be put in and read back, with their handles.
    """

    def __init__(self, array: MapObject, programs: Mapping[P, ProgramHandle]) -> None:
        self.map_object = array
        self._programs = programs

    def __getitem__(self, index: int) -> P:
        """The program; KeyError where there is none, UsageError for one that was not loaded here."""
        number = self._number(index)
        if number is None:
            raise KeyError(index)
        for program, handle in self._programs.items():
            if handle.id == number:
                return program
        raise UsageError(f"program {number} at {index} of {self.map_object!r} was not loaded here")

    def __setitem__(self, index: int, program: P) -> None:
        """Put a program there, at once for all that use the array."""
        if program not in self._programs:
            raise UsageError(
                f"{program!r} is not loaded here", "load it together with those that use the array"
            )
        set_program(self.map_object, int(index), self._programs[program])

    def __delitem__(self, index: int) -> None:
        """Take a program away: tail calls to it do nothing from now on."""
        if not 0 <= index < self.map_object.spec.max_entries:
            raise KeyError(index)
        if not self.map_object.kernel.map_delete(self.map_object.fileno(), int(index).to_bytes(4, "little")):
            raise KeyError(index)

    def __iter__(self) -> Iterator[int]:
        return (index for index in self._range() if self._number(index) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _range(self) -> range:
        return range(self.map_object.spec.max_entries)

    def _number(self, index: int) -> int | None:
        """The kernel's number of the program at an index."""
        if not 0 <= index < self.map_object.spec.max_entries:
            return None
        key = int(index).to_bytes(4, "little")
        value = self.map_object.kernel.map_lookup(self.map_object.fileno(), key, 4)
        return None if value is None else int.from_bytes(value, "little")
