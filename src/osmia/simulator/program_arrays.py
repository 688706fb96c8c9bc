"""The user side of a simulated program array."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from osmia.errors import UsageError
from osmia.lang import Program, ProgramArray
from osmia.simulator.kernel import SimulatedKernel

__all__ = ["SimulatedProgramArray"]


class SimulatedProgramArray(MutableMapping[int, Program[Any, Any]]):
    """A program array as a mapping; indices without a program are absent."""

    def __init__(
        self, kernel: SimulatedKernel, declaration: ProgramArray[Any], known: tuple[Program[Any, Any], ...]
    ) -> None:
        """`known` are the programs that can be put in."""
        self._declaration = declaration
        self._programs = kernel.programs(declaration)
        self._known = known

    def __getitem__(self, index: int) -> Program[Any, Any]:
        return self._programs[int(index)]

    def __setitem__(self, index: int, program: Program[Any, Any]) -> None:
        if program not in self._known:
            raise UsageError(
                f"{program!r} is not loaded here", "load it together with those that use the array"
            )
        if not 0 <= int(index) < self._declaration.max_entries:
            raise KeyError(index)
        if program.context_type is not self._declaration.context:
            raise UsageError(
                f"{program!r} cannot stand in {self._declaration!r}",
                "all programs of an array, and those that use it, are of one type",
            )
        self._programs[int(index)] = program

    def __delitem__(self, index: int) -> None:
        del self._programs[int(index)]

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._programs))

    def __len__(self) -> int:
        return len(self._programs)
