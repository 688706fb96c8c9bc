"""Configuration constants: set before load, fixed for the verifier, which removes what they switch off."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

from osmia.lang.integers import Integer
from osmia.lang.runtime import current_runtime

__all__ = ["Constant"]

T = TypeVar("T", bound=Integer | bool)


class Constant(Generic[T]):
    """A configuration constant (`.rodata`); its default is given here, its value at load.

    `osmia.load(program, constants={THRESHOLD: u32(5)})`.
    """

    def __init__(self, default: T) -> None:
        if not isinstance(default, Integer | bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the default of a Constant has a width: write Constant(u32({default!r}))")
        self.default = default

    @property
    def value(self) -> T:
        """The value, in kernel code."""
        return cast("T", current_runtime().constant(self))

    def __repr__(self) -> str:
        return f"Constant({self.default!r})"
