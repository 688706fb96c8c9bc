"""Programs whose arguments have types of the kernel: BTF tracepoints, fentry and its kin, LSM hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, TypeVar, get_type_hints

from osmia.lang.integers import Integer
from osmia.lang.runtime import running_with
from osmia.lang.tracing import TaskContext, TracingProgram
from osmia.uapi import ProgramType

__all__ = [
    "BtfTracepointContext",
    "BtfTracepointProgram",
    "FentryContext",
    "FentryProgram",
    "FexitContext",
    "FexitProgram",
    "FmodRetProgram",
    "KernelArguments",
    "LsmContext",
    "LsmProgram",
    "TypedProgram",
    "btf_tracepoint",
    "fentry",
    "fexit",
    "fmod_ret",
    "lsm",
]


class KernelArguments(TaskContext):
    """What such a program is called with: the task, and the arguments of the hook.

    In kernel code the arguments are the program's further parameters. In a test they are given here.
    """

    def __init__(self, *arguments: Any, **task: Any) -> None:
        super().__init__(**task)
        self.arguments = arguments
        """The arguments of a simulated call, in order."""


class BtfTracepointContext(KernelArguments):
    """The context of a BTF tracepoint."""


class FentryContext(KernelArguments):
    """The context at the begin of a kernel function."""


class FexitContext(KernelArguments):
    """The context at the return of a kernel function; the last argument is what it returns."""


class LsmContext(KernelArguments):
    """The context of a hook of the Linux Security Modules."""


C = TypeVar("C", bound=KernelArguments)


class TypedProgram(TracingProgram[C]):
    """A program with the parameters of its hook behind the context, as many as it wants."""

    def __call__(self, ctx: C) -> int:
        function: Callable[..., int] = self.function
        kinds = list(get_type_hints(function).values())[1:]
        given = [
            kind(value) if isinstance(kind, type) and issubclass(kind, Integer) else value
            for kind, value in zip(kinds, ctx.arguments, strict=False)
        ]
        with running_with(ctx):
            return function(ctx, *given)


class BtfTracepointProgram(TypedProgram[BtfTracepointContext]):
    """A program on a tracepoint's typed arguments (BPF_TRACE_RAW_TP, Linux 5.5)."""

    program_type = ProgramType.TRACING
    context_type = BtfTracepointContext
    prefix = "tp_btf"


class FentryProgram(TypedProgram[FentryContext]):
    """A program at the begin of a kernel function (BPF_TRACE_FENTRY, Linux 5.5)."""

    program_type = ProgramType.TRACING
    context_type = FentryContext
    prefix = "fentry"


class FexitProgram(TypedProgram[FexitContext]):
    """A program at the return of a kernel function (BPF_TRACE_FEXIT, Linux 5.5)."""

    program_type = ProgramType.TRACING
    context_type = FexitContext
    prefix = "fexit"


class FmodRetProgram(TypedProgram[FentryContext]):
    """A program that may answer in place of a kernel function (BPF_MODIFY_RETURN, Linux 5.7)."""

    program_type = ProgramType.TRACING
    context_type = FentryContext
    prefix = "fmod_ret"


class LsmProgram(TypedProgram[LsmContext]):
    """A program on a security hook (BPF_LSM_MAC, Linux 5.7); it returns 0, or -errno to deny."""

    program_type = ProgramType.LSM
    context_type = LsmContext
    prefix = "lsm"


def btf_tracepoint(
    name: str,
) -> Callable[[Callable[Concatenate[BtfTracepointContext, ...], int]], BtfTracepointProgram]:
    """Declare a program on a tracepoint; its further parameters are the tracepoint's arguments.

    The kernel's source names them in TP_PROTO. Fields of structs are read directly, without a helper.
    It needs no tracefs. Linux 5.5, and a kernel with BTF. It returns 0.

        @btf_tracepoint("sched_switch")
        def switched(ctx: BtfTracepointContext, preempt: bool, previous: TaskStruct, next: TaskStruct) -> int:
            ...
    """
    return lambda function: BtfTracepointProgram(function, name)


def fentry(function_name: str) -> Callable[[Callable[Concatenate[FentryContext, ...], int]], FentryProgram]:
    """Declare a program at the begin of a kernel function, with its parameters. It returns 0.

    Linux 5.5 on x86-64, 6.0 on arm64; CONFIG_FUNCTION_TRACER.
    """
    return lambda function: FentryProgram(function, function_name)


def fexit(function_name: str) -> Callable[[Callable[Concatenate[FexitContext, ...], int]], FexitProgram]:
    """Declare a program at the return of a kernel function: all its parameters, then its result.

    Linux 5.5 on x86-64, 6.0 on arm64. It returns 0.
    """
    return lambda function: FexitProgram(function, function_name)


def fmod_ret(
    function_name: str,
) -> Callable[[Callable[Concatenate[FentryContext, ...], int]], FmodRetProgram]:
    """Declare a program that is asked before a kernel function: other than 0, and it is the answer.

    Only for functions that the kernel marks for error injection, and security hooks. Linux 5.7.
    """
    return lambda function: FmodRetProgram(function, function_name)


def lsm(hook: str) -> Callable[[Callable[Concatenate[LsmContext, ...], int]], LsmProgram]:
    """Declare a program on a security hook, as `lsm("file_open")`; 0 allows, -errno denies.

    Linux 5.7, CONFIG_BPF_LSM, and `bpf` among the modules of the kernel's parameter `lsm=`.
    """
    return lambda function: LsmProgram(function, hook)
