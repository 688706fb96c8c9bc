"""Functions that programs call: inlined by default, or BPF subprograms, compiled once and called."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

__all__ = ["Subprogram", "function"]

P = ParamSpec("P")
R = TypeVar("R")


class Subprogram(Generic[P, R]):
    """A function that is called, not inlined (bpf-to-bpf call, Linux 4.16); here it runs as plain Python.

    It takes at most five arguments: integers, bools, the context, and structs, arrays or `Pointer`s, which
    are passed by reference. It gives an integer, a bool or nothing.
    """

    def __init__(self, function: Callable[P, R], *, verified_alone: bool = False) -> None:
        self.function = function
        self.name = function.__name__
        self.verified_alone = verified_alone
        """Whether the verifier looks at it by itself: a global function (Linux 5.6, with pointers 5.12)."""
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Subprogram {self.name}>"


@overload
def function(target: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def function(*, inline: Literal[True]) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@overload
def function(
    *, inline: Literal[False], verified_alone: bool = False
) -> Callable[[Callable[P, R]], Subprogram[P, R]]: ...
@overload
def function(*, verified_alone: Literal[True]) -> Callable[[Callable[P, R]], Subprogram[P, R]]: ...
def function(
    target: Callable[..., Any] | None = None, /, *, inline: bool = True, verified_alone: bool = False
) -> Any:
    """Declare a function that programs call. Undecorated functions can be called as well, and are inlined.

    With `inline=False` it becomes a BPF subprogram: it stands in the object once, however often it is called,
    and the verifier follows each call of it (static function). With `verified_alone=True` the verifier looks
    at it once, for any arguments (global function): programs that would have too many paths then load, but
    nothing that the caller knows of an argument, such as its range, is known inside.

        @function(inline=False)
        def checksum(header: Ipv4Hdr) -> u16:
            ...
    """
    if target is not None:
        return target
    if inline and not verified_alone:
        return _inlined
    return functools.partial(Subprogram, verified_alone=verified_alone)


def _inlined(target: Callable[P, R]) -> Callable[P, R]:
    return target
