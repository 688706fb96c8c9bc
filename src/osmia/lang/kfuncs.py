"""Functions of the kernel that programs call by name: kfuncs (kernel/bpf/kfuncs in its documentation)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dis import get_instructions
from typing import Any, Generic, ParamSpec, TypeVar

from osmia.errors import NotSupportedError

__all__ = ["KernelFunction", "kfunc", "kfunc_exists"]

P = ParamSpec("P")
R = TypeVar("R")

_EMPTY = frozenset({"RESUME", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "NOP", "COPY_FREE_VARS"})


class KernelFunction(Generic[P, R]):
    """A declared kfunc. In a program it calls the kernel; here its body stands for the kernel's."""

    def __init__(self, function: Callable[P, R]) -> None:
        self.function = function
        self.name = function.__name__
        functools.update_wrapper(self, function)

    @property
    def is_simulated(self) -> bool:
        """Whether its body does something other than to refuse."""
        code: Any = getattr(self.function, "__code__", None)
        if code.co_names == (NotImplementedError.__name__,):
            return False
        empty = all(each.opname in _EMPTY for each in get_instructions(code))
        return not empty or self.function.__annotations__.get("return") in (None, "None")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if not self.is_simulated:
            needs = "a body that does in Python what the kernel does"
            raise NotSupportedError(f"the kernel function {self.name} in a simulation", needs)
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<KernelFunction {self.name}>"


def kfunc(function: Callable[P, R]) -> KernelFunction[P, R]:
    """Declare a function of the kernel by its name and types (Linux 5.13; in loadable modules 5.16).

    It takes at most five arguments: integers, bools, the context, and structs and arrays, which are passed by
    reference; it gives an integer, a bool or nothing. `osmia.load` looks the name up in the kernel's BTF and
    raises NotSupportedError where the kernel does not have it, unless every call stands behind
    `kfunc_exists`. The body says what it does in a simulation; one that raises NotImplementedError cannot
    be called there.

        @kfunc
        def bpf_xdp_metadata_rx_timestamp(ctx: XdpContext, timestamp: Array[u64, Literal[1]]) -> i32:
            raise NotImplementedError
    """
    return KernelFunction(function)


def kfunc_exists(function: KernelFunction[..., Any]) -> bool:
    """Whether the kernel that the program is loaded into has a kfunc; the other branch costs nothing.

    A kfunc that is asked for so may be missing. In a simulation: whether its body can stand for it.
    """
    return function.is_simulated
