"""Programs at functions of user space, and programs that sample what the processors do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from osmia.lang.integers import u64
from osmia.lang.programs import Program
from osmia.lang.tracing import KprobeContext, TaskContext
from osmia.uapi import ProgramType

__all__ = [
    "PerfEventContext",
    "PerfEventProgram",
    "UprobeProgram",
    "UretprobeProgram",
    "perf_event",
    "uprobe",
    "uretprobe",
]


class PerfEventContext(TaskContext):
    """What a processor did when a perf event came (`struct bpf_perf_event_data`)."""

    def __init__(self, *, ip: int = 0, sample_period: int = 1, **task: Any) -> None:
        super().__init__(**task)
        self.ip = u64(ip)
        """The instruction pointer, of the kernel or of the process."""
        self.sample_period = u64(sample_period)
        """Events for which this one stands."""


class UprobeProgram(Program[KprobeContext, int]):
    """A program at the begin of a function of user space (BPF_PROG_TYPE_KPROBE, Linux 4.1)."""

    program_type = ProgramType.KPROBE
    context_type = KprobeContext
    return_type = int
    prefix = "uprobe"

    def __init__(self, function: Callable[[KprobeContext], int], binary: str, symbol: str) -> None:
        super().__init__(function)
        self.binary = binary
        """A path, or the name of a library or a program."""
        self.symbol = symbol
        """A function of it, or the offset of an instruction in the file, as in "0x1234"."""

    @property
    def section(self) -> str:
        """The ELF section, which names kind and target as libbpf does."""
        return f"{self.prefix}/{self.binary}:{self.symbol}"


class UretprobeProgram(UprobeProgram):
    """A program at the return of a function of user space (BPF_PROG_TYPE_KPROBE, Linux 4.1)."""

    prefix = "uretprobe"


class PerfEventProgram(Program[PerfEventContext, int]):
    """A program at samples of a perf event (BPF_PROG_TYPE_PERF_EVENT, Linux 4.9)."""

    program_type = ProgramType.PERF_EVENT
    context_type = PerfEventContext
    return_type = int
    prefix = "perf_event"


def uprobe(binary: str, symbol: str) -> Callable[[Callable[[KprobeContext], int]], UprobeProgram]:
    """Declare a program at the begin of a function of a program or library. It returns 0.

    `binary` is a path, or a name such as "libc.so.6" that is looked for where the loader of programs looks.

        @uprobe("libc.so.6", "getaddrinfo")
        def resolves(ctx: KprobeContext) -> int:
            names.output(ctx, Query(name=probe_read_user_str(Name, ctx.arg(0))))
            return 0
    """
    return lambda function: UprobeProgram(function, binary, symbol)


def uretprobe(binary: str, symbol: str) -> Callable[[Callable[[KprobeContext], int]], UretprobeProgram]:
    """Declare a program at the return of a function of a program or library; otherwise as `uprobe`."""
    return lambda function: UretprobeProgram(function, binary, symbol)


def perf_event(function: Callable[[PerfEventContext], int]) -> PerfEventProgram:
    """Declare a program that runs at samples: often a second, or once in so many events. It returns 0.

        @perf_event
        def sample(ctx: PerfEventContext) -> int:
            samples[ctx.pid] += 1
            return 0

    User space: `bpf[sample].attach(frequency=99)`.
    """
    return PerfEventProgram(function)
