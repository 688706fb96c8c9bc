"""Decorators that declare programs. They are inert: nothing is compiled or loaded on import."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ClassVar, Generic, TypeGuard, TypeVar

from osmia.lang.actions import TcAction, XdpAction
from osmia.lang.contexts import TcContext, XdpContext
from osmia.lang.runtime import running_with
from osmia.uapi import ProgramType

__all__ = [
    "ClassifierProgram",
    "Program",
    "XdpMapProgram",
    "XdpProgram",
    "classifier",
    "is_program",
    "xdp",
    "xdp_cpumap",
    "xdp_devmap",
]

C = TypeVar("C")
R = TypeVar("R")


class Program(Generic[C, R]):
    """A declared program. Calling it runs its function as plain Python, inside `osmia.simulate`."""

    program_type: ClassVar[ProgramType]
    prefix: ClassVar[str]
    """The ELF section's name as libbpf has it, without a target."""
    context_type: ClassVar[type]
    return_type: ClassVar[type]

    def __init__(self, function: Callable[[C], R]) -> None:
        self.function = function
        self.name = function.__name__
        functools.update_wrapper(self, function)

    @property
    def section(self) -> str:
        """The ELF section that the program goes into."""
        return self.prefix

    def __call__(self, ctx: C) -> R:
        token = _tail_calls.set(0)
        try:
            program = self
            while True:
                try:
                    with running_with(ctx):
                        return program.function(ctx)
                except TailCall as call:
                    _tail_calls.set(_tail_calls.get() + 1)
                    program = call.program
        finally:
            _tail_calls.reset(token)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class TailCall(BaseException):
    """Ends a program that runs as plain Python, to go on with another one."""

    def __init__(self, program: Program[Any, Any]) -> None:
        super().__init__(program.name)
        self.program = program


_tail_calls: ContextVar[int] = ContextVar("osmia_tail_calls")
_MOST_TAIL_CALLS = 33
"""MAX_TAIL_CALL_CNT."""


def tail_calls_left() -> bool:
    """Whether the program that runs as plain Python may hand over once more."""
    return _tail_calls.get(0) < _MOST_TAIL_CALLS


class XdpProgram(Program[XdpContext, XdpAction]):
    """A program that sees each received frame first (BPF_PROG_TYPE_XDP, Linux 4.8; attached by link, 5.9)."""

    program_type = ProgramType.XDP
    prefix = "xdp"
    context_type = XdpContext
    return_type = XdpAction


class ClassifierProgram(Program[TcContext, TcAction]):
    """A traffic control program (BPF_PROG_TYPE_SCHED_CLS, Linux 4.1; attached by tcx, 6.6, or clsact)."""

    program_type = ProgramType.SCHED_CLS
    prefix = "tc"
    context_type = TcContext
    return_type = TcAction


class XdpMapProgram(Program[XdpContext, XdpAction]):
    """An XDP program at an entry of a map that frames are sent to (interfaces Linux 5.8, processors 5.9)."""

    program_type = ProgramType.XDP
    prefix = "xdp"
    context_type = XdpContext
    return_type = XdpAction

    def __init__(self, function: Callable[[XdpContext], XdpAction], map_kind: str) -> None:
        super().__init__(function)
        self.map_kind = map_kind

    @property
    def section(self) -> str:
        """The ELF section, which names the kind of map."""
        return f"{self.prefix}/{self.map_kind}"


def is_program(value: object) -> TypeGuard[Program[Any, Any]]:
    """Whether a value is a declared program."""
    return isinstance(value, Program)


def xdp(function: Callable[[XdpContext], XdpAction]) -> XdpProgram:
    """Declare an XDP program."""
    return XdpProgram(function)


def xdp_devmap(function: Callable[[XdpContext], XdpAction]) -> XdpMapProgram:
    """Declare a program for entries of a `DevMap`: it sees frames before they leave by that interface.

    `bpf[ports].set(0, interface_index, bpf[program])` puts it there.
    """
    return XdpMapProgram(function, "devmap")


def xdp_cpumap(function: Callable[[XdpContext], XdpAction]) -> XdpMapProgram:
    """Declare a program for entries of a `CpuMap`: it sees frames on the processor they were sent to.

    `bpf[processors].set(1, 512, bpf[program])` puts it there.
    """
    return XdpMapProgram(function, "cpumap")


def classifier(function: Callable[[TcContext], TcAction]) -> ClassifierProgram:
    """Declare a traffic control program, for ingress or egress."""
    return ClassifierProgram(function)
