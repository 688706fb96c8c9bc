"""The one place that leaves Python for the kernel: syscall(2) through libc, with numbers by machine."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from osmia.errors import KernelError, NotSupportedError


class _SyscallFunction(Protocol):
    def __call__(self, *arguments: object) -> int: ...


class Syscall(Enum):
    """System calls without a function in Python's standard library: numbers on x86-64 and on aarch64."""

    BPF = (321, 280)
    PERF_EVENT_OPEN = (298, 241)
    MEMBARRIER = (324, 283)
    SETNS = (308, 268)
    TIMERFD_CREATE = (283, 85)
    TIMERFD_SETTIME = (286, 86)


_MACHINES = {"x86_64": 0, "amd64": 0, "aarch64": 1, "arm64": 1}
_machine = os.uname().machine.lower()
_column = _MACHINES.get(_machine)


def _libc_syscall() -> _SyscallFunction:
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    return function


_syscall = _libc_syscall()


def syscall(call: Syscall, action: str, *arguments: int) -> int:
    """Make a system call; the result is never negative.

    Raises:
        KernelError: with the call's errno; `action` says what was tried.
        NotSupportedError: on a machine whose system call numbers are not known here.
    """
    if _column is None:
        raise NotSupportedError(f"BPF on {_machine}", needs="x86-64 or aarch64")
    result = _syscall(
        ctypes.c_long(call.value[_column]), *(ctypes.c_ulong(argument) for argument in arguments)
    )
    if result < 0:
        errno = ctypes.get_errno()
        raise KernelError(errno, f"{action}: {os.strerror(errno)}")
    return result


def repeated(call: Syscall, action: str, *arguments: int) -> Callable[[], None]:
    """A system call to be made many times with the same arguments: what they point to changes.

    Raises NotSupportedError, and when called KernelError, as `syscall` does.
    """
    if _column is None:
        raise NotSupportedError(f"BPF on {_machine}", needs="x86-64 or aarch64")
    number = ctypes.c_long(call.value[_column])
    prepared = tuple(ctypes.c_ulong(argument) for argument in arguments)

    def once() -> None:
        if _syscall(number, *prepared) < 0:
            errno = ctypes.get_errno()
            raise KernelError(errno, f"{action}: {os.strerror(errno)}")

    return once


def address_of(data: bytes | None) -> int:
    """Where the bytes stand in memory, for the kernel to read; the caller keeps them alive meanwhile."""
    if data is None:
        return 0
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


def name_bytes(name: str) -> bytes:
    """A name as the kernel takes it for an object: 15 characters of letters, digits, `_` and `.`."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_.") else "_" for c in name).encode()[:15]


def weakly_ordered() -> bool:
    """Whether this machine may show another CPU's stores out of order; x86-64 does not."""
    return _column != 0
