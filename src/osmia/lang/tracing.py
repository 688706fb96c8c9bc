"""Programs that watch the kernel, at tracepoints and at kernel functions, and what they are called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, overload

from osmia.lang.arrays import Array, CharArray, Comm
from osmia.lang.helpers import text_of
from osmia.lang.integers import Integer, u32, u64
from osmia.lang.memory import decode, size_of
from osmia.lang.programs import Program
from osmia.uapi import ProgramType

__all__ = [
    "KprobeContext",
    "KprobeProgram",
    "KretprobeProgram",
    "RawTracepointContext",
    "RawTracepointProgram",
    "Registers",
    "TracepointContext",
    "TracepointField",
    "TracepointProgram",
    "TracepointText",
    "TracingProgram",
    "kprobe",
    "kretprobe",
    "raw_tracepoint",
    "tracepoint",
]

F = TypeVar("F", bound="Integer | Array[Any, Any]")
T = TypeVar("T", bound="CharArray[Any]")
C = TypeVar("C")
Record = TypeVar("Record", bound="TracepointContext")


class TaskContext:
    """What every tracing program can ask about the task that it interrupts."""

    def __init__(
        self,
        *,
        pid: int = 0,
        tid: int | None = None,
        uid: int = 0,
        gid: int = 0,
        comm: str | bytes = "",
        kernel_stack: tuple[int, ...] = (),
        user_stack: tuple[int, ...] = (),
    ) -> None:
        self.pid = u32(pid)
        """What user space calls the process id (the kernel's tgid)."""
        self.tid = u32(pid if tid is None else tid)
        """What user space calls the thread id (the kernel's pid)."""
        self.uid = u32(uid)
        """The user, in the initial user namespace."""
        self.gid = u32(gid)
        """The group, in the initial user namespace."""
        name = comm.encode() if isinstance(comm, str) else comm
        self.comm = Comm.from_bytes(name[:15].ljust(16, b"\0"))
        """The name of the task."""
        self.kernel_stack = kernel_stack
        """Addresses of a simulated stack, the innermost first; a `StackTrace` map captures it."""
        self.user_stack = user_stack
        """Those of the task's own stack."""


class TracepointContext(TaskContext):
    """The record of a tracepoint; its layout stands in tracefs, events/CATEGORY/NAME/format."""

    def __init__(self, record: bytes, **task: Any) -> None:
        super().__init__(**task)
        self._record = record

    def read(self, field_type: type[F], offset: int) -> F:
        """The field at a byte offset of the record; the offset is known when the program is compiled.

        A field is an integer or an array of integers.
        """
        if offset < 0 or offset + size_of(field_type) > len(self._record):
            raise IndexError(f"the record has {len(self._record)} bytes")
        value: F = decode(field_type, self._record, offset)
        return value

    def read_data_loc(self, field_type: type[T], offset: int) -> T:
        """The text of a `__data_loc char[]` field at a byte offset; the text stands behind the fields.

        What is longer than the type is cut off; the last byte is always zero.
        Uses bpf_probe_read_kernel_str, Linux 5.5.
        """
        start = int(self.read(u32, offset)) & 0xFFFF
        return text_of(field_type, self._record[start:])


class TracepointField(Generic[F]):
    """A field of a tracepoint's record, in a subclass of `TracepointContext`.

    `osmia generate tracepoint CATEGORY/NAME` writes such a class:

        class SchedWakeup(TracepointContext):
            pid = TracepointField(i32, 24)

        @tracepoint("sched", "sched_wakeup")
        def woken(ctx: SchedWakeup) -> int:
            ...
    """

    def __init__(self, field_type: type[F], offset: int) -> None:
        self.type = field_type
        self.offset = offset
        """Bytes from the begin of the record, as tracefs has it."""

    @overload
    def __get__(self, instance: None, owner: type) -> TracepointField[F]: ...
    @overload
    def __get__(self, instance: TracepointContext, owner: type) -> F: ...
    def __get__(self, instance: TracepointContext | None, owner: type) -> TracepointField[F] | F:
        return self if instance is None else instance.read(self.type, self.offset)


class TracepointText(Generic[T]):
    """A `__data_loc char[]` field: text behind the record; see `TracepointContext.read_data_loc`."""

    def __init__(self, text_type: type[T], offset: int) -> None:
        self.type = text_type
        self.offset = offset
        """Bytes from the begin of the record to where the text's place stands."""

    @overload
    def __get__(self, instance: None, owner: type) -> TracepointText[T]: ...
    @overload
    def __get__(self, instance: TracepointContext, owner: type) -> T: ...
    def __get__(self, instance: TracepointContext | None, owner: type) -> TracepointText[T] | T:
        return self if instance is None else instance.read_data_loc(self.type, self.offset)


class RawTracepointContext(TaskContext):
    """The arguments of a tracepoint, as the kernel calls it: no record is made."""

    def __init__(self, arguments: tuple[int, ...] = (), **task: Any) -> None:
        super().__init__(**task)
        self._arguments = arguments

    def arg(self, index: int) -> u64:
        """An argument by its number, from 0; the number is known when the program is compiled."""
        return u64(self._arguments[index])


class Registers:
    """The processor's registers by the names of its `struct pt_regs`.

    x86-64 and arm64 have their own; a name of the other one does not compile.
    """

    # arch/x86/include/asm/ptrace.h
    r15: u64
    r14: u64
    r13: u64
    r12: u64
    bp: u64
    bx: u64
    r11: u64
    r10: u64
    r9: u64
    r8: u64
    ax: u64
    cx: u64
    dx: u64
    si: u64
    di: u64
    orig_ax: u64
    ip: u64
    cs: u64
    flags: u64
    sp: u64
    ss: u64
    # arch/arm64/include/uapi/asm/ptrace.h; `sp` as above
    x0: u64
    x1: u64
    x2: u64
    x3: u64
    x4: u64
    x5: u64
    x6: u64
    x7: u64
    x8: u64
    x9: u64
    x10: u64
    x11: u64
    x12: u64
    x13: u64
    x14: u64
    x15: u64
    x16: u64
    x17: u64
    x18: u64
    x19: u64
    x20: u64
    x21: u64
    x22: u64
    x23: u64
    x24: u64
    x25: u64
    x26: u64
    x27: u64
    x28: u64
    x29: u64
    x30: u64
    pc: u64
    pstate: u64

    def __init__(self, **values: int) -> None:
        """In a test: `Registers(di=7)`; those not given are zero."""
        for name in self.__class__.__annotations__:
            setattr(self, name, u64(values.pop(name, 0)))
        if values:
            raise TypeError(f"there is no register {next(iter(values))!r}")


class KprobeContext(TaskContext):
    """The processor's registers where a kernel function begins, or where it returns."""

    def __init__(
        self,
        arguments: tuple[int, ...] = (),
        *,
        ip: int = 0,
        return_value: int = 0,
        regs: Registers | None = None,
        **task: Any,
    ) -> None:
        super().__init__(**task)
        self._arguments = arguments
        self.regs = regs or Registers()
        """All registers: `ctx.regs.di` on x86-64, `ctx.regs.x0` on arm64."""
        self.ip = u64(ip)
        """The instruction pointer."""
        self.return_value = u64(return_value)
        """What the function returned, in a kretprobe."""

    def arg(self, index: int) -> u64:
        """An argument of the probed function by its number, 0 to 5, in a kprobe."""
        return u64(self._arguments[index])


class TracingProgram(Program[C, int]):
    """A tracing program and what it is attached to."""

    return_type = int

    def __init__(self, function: Callable[[C], int], target: str) -> None:
        super().__init__(function)
        self.target = target
        """What it watches: "category/name" of a tracepoint, or a kernel function."""

    @property
    def section(self) -> str:
        """The ELF section, which names kind and target as libbpf does."""
        return f"{self.prefix}/{self.target}"


class TracepointProgram(TracingProgram[TracepointContext]):
    """A program on a tracepoint (BPF_PROG_TYPE_TRACEPOINT, Linux 4.7)."""

    program_type = ProgramType.TRACEPOINT
    context_type = TracepointContext
    prefix = "tracepoint"


class RawTracepointProgram(TracingProgram[RawTracepointContext]):
    """A program on a tracepoint's arguments (BPF_PROG_TYPE_RAW_TRACEPOINT, Linux 4.17)."""

    program_type = ProgramType.RAW_TRACEPOINT
    context_type = RawTracepointContext
    prefix = "raw_tracepoint"


class KprobeProgram(TracingProgram[KprobeContext]):
    """A program at the begin of a kernel function (BPF_PROG_TYPE_KPROBE, Linux 4.1)."""

    program_type = ProgramType.KPROBE
    context_type = KprobeContext
    prefix = "kprobe"


class KretprobeProgram(KprobeProgram):
    """A program at the return of a kernel function (BPF_PROG_TYPE_KPROBE, Linux 4.1)."""

    prefix = "kretprobe"


def tracepoint(category: str, name: str) -> Callable[[Callable[[Record], int]], TracepointProgram]:  # pyright: ignore[reportInvalidTypeVarUse]
    """Declare a program on a tracepoint, as `tracepoint("raw_syscalls", "sys_enter")`; it returns 0.

    Its context is a `TracepointContext`, or a subclass that knows the record's fields: see `TracepointField`.
    """

    def declare(function: Callable[[Record], int]) -> TracepointProgram:
        return TracepointProgram(cast("Callable[[TracepointContext], int]", function), f"{category}/{name}")

    return declare


def raw_tracepoint(name: str) -> Callable[[Callable[[RawTracepointContext], int]], RawTracepointProgram]:
    """Declare a program on a tracepoint's arguments; it needs no tracefs. It returns 0."""
    return lambda function: RawTracepointProgram(function, name)


def kprobe(function_name: str) -> Callable[[Callable[[KprobeContext], int]], KprobeProgram]:
    """Declare a program at the begin of a kernel function. It returns 0."""
    return lambda function: KprobeProgram(function, function_name)


def kretprobe(function_name: str) -> Callable[[Callable[[KprobeContext], int]], KretprobeProgram]:
    """Declare a program at the return of a kernel function. It returns 0."""
    return lambda function: KretprobeProgram(function, function_name)
