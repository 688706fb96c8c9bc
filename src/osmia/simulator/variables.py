"""The user side of simulated global variables and configuration constants."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

from osmia.lang import Constant, Global
from osmia.lang.memory import MemoryCodec
from osmia.simulator.kernel import SimulatedKernel

__all__ = ["SimulatedConstant", "SimulatedVariable"]

T = TypeVar("T")


class SimulatedVariable(Generic[T]):
    """A global variable of a simulation."""

    def __init__(self, kernel: SimulatedKernel, declaration: Global[T]) -> None:
        self._kernel = kernel
        self._declaration = declaration
        self._codec: MemoryCodec[T] = MemoryCodec(cast("type[T]", declaration.type))

    @property
    def value(self) -> T:
        """A copy of the value as it is now."""
        with self._kernel.lock:
            return self._codec.decode(self._kernel.variable(self._declaration))

    @value.setter
    def value(self, value: T) -> None:
        with self._kernel.lock:
            self._kernel.variable(self._declaration)[:] = self._codec.encode(value)


class SimulatedConstant:
    """A configuration constant of a simulation."""

    def __init__(self, kernel: SimulatedKernel, declaration: Constant[Any]) -> None:
        self.value = kernel.constant(declaration)
        """The value that was set, or the default."""
