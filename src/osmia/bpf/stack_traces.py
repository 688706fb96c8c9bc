"""`bpf[stacks]`: stacks by their numbers, as frames with symbols."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, SupportsIndex

from osmia.symbols import ExecutableFiles, Frame, KernelSymbols, ProcessSymbols

__all__ = ["StackSource", "StackTraces"]

_HIGHEST_NUMBER = 0xFFFF_FFFF
_KERNEL_HALF = 1 << 63
"""Addresses from here on are the kernel's, on x86-64 and arm64."""


class StackSource(Protocol):
    """Where the stacks come from: a map of the kernel or of the simulator."""

    def addresses(self, number: int) -> tuple[int, ...] | None:
        """A stack, the innermost address first; None for a number that is not in use."""
        ...

    def numbers(self) -> Iterator[int]:
        """The numbers that are in use."""
        ...

    def delete(self, number: int) -> bool:
        """Give a number up; False where it was not in use."""
        ...


class StackTraces:
    """Call stacks by the number that a program got for them, the innermost frame first.

    `bpf[stacks][id]` names the functions of the kernel; `of_process` those of a program, while it runs.
    Numbers are not used again for another stack before `del bpf[stacks][id]`.
    """

    def __init__(self, source: StackSource, proc: Path = Path("/proc")) -> None:
        self._source = source
        self._proc = proc
        self._files = ExecutableFiles()
        self.kernel_symbols = KernelSymbols(proc)
        """The kernel's functions; `.why_hidden` says why frames have addresses only."""

    def __getitem__(self, number: SupportsIndex) -> tuple[Frame, ...]:
        """The frames of a stack; KeyError for a number that is not in use, and for a negative one."""
        return tuple(
            self.kernel_symbols.resolve(address) if address >= _KERNEL_HALF else Frame(address)
            for address in self._addresses(number)
        )

    def of_process(self, number: SupportsIndex, pid: SupportsIndex) -> tuple[Frame, ...]:
        """The frames of a stack of a process; its mappings and files are looked at now."""
        addresses = self._addresses(number)
        symbols = ProcessSymbols(pid.__index__(), self._files, self._proc)
        return tuple(
            self.kernel_symbols.resolve(address) if address >= _KERNEL_HALF else symbols.resolve(address)
            for address in addresses
        )

    def __delitem__(self, number: SupportsIndex) -> None:
        index = number.__index__()
        if not 0 <= index <= _HIGHEST_NUMBER or not self._source.delete(index):
            raise KeyError(index)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, SupportsIndex):
            return False
        index = number.__index__()
        return 0 <= index <= _HIGHEST_NUMBER and self._source.addresses(index) is not None

    def __iter__(self) -> Iterator[int]:
        return self._source.numbers()

    def __len__(self) -> int:
        return sum(1 for _ in self._source.numbers())

    def _addresses(self, number: SupportsIndex) -> tuple[int, ...]:
        index = number.__index__()
        found = self._source.addresses(index) if 0 <= index <= _HIGHEST_NUMBER else None
        if found is None:
            raise KeyError(index)
        return found
