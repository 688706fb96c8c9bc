"""One frame of a stack."""

from __future__ import annotations

from osmia.dataclass import dataclass

__all__ = ["Frame"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in code: where the innermost function stands, where the others return to."""

    address: int
    symbol: str = ""
    """The function's name as the linker has it (C++ and Rust names are mangled); empty where not known."""
    offset: int = 0
    """Bytes from the function's begin."""
    module: str = ""
    """The file of a program's code, the name of a kernel module, or empty for the kernel itself."""

    def __str__(self) -> str:
        place = f"{self.symbol}+{self.offset:#x}" if self.symbol else f"{self.address:#x}"
        return f"{place} [{self.module}]" if self.module else place
