"""Addresses of stacks as functions: of the kernel, and of the programs that run on it."""

from osmia.symbols.frame import Frame
from osmia.symbols.kernel import KernelSymbols
from osmia.symbols.process import ExecutableFiles, ProcessSymbols

__all__ = ["ExecutableFiles", "Frame", "KernelSymbols", "ProcessSymbols"]
