"""Kernels before 5.11 charge BPF memory to RLIMIT_MEMLOCK; newer ones to the memory cgroup."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from osmia.errors import KernelError
from osmia.loader.instructions import CALL, Instruction
from osmia.sys import Kernel, ProgramImage
from osmia.uapi import HELPERS, ProgramType

T = TypeVar("T")
_EXIT = Instruction(0x95, 0, 0, 0, 0).pack()


def charged_to_memory_cgroup(kernel: Kernel) -> bool:
    """Whether this kernel has the memory cgroup's accounting, which came with bpf_ktime_get_coarse_ns."""
    helper = HELPERS["ktime_get_coarse_ns"].id
    code = Instruction(CALL, 0, 0, 0, helper).pack() + Instruction(0xB7, 0, 0, 0, 0).pack() + _EXIT
    try:
        kernel.close(kernel.program_load(ProgramImage(ProgramType.SOCKET_FILTER, "probe", code, "GPL")))
    except KernelError:
        return False
    return True


def with_memory_lock(kernel: Kernel, create: Callable[[], T]) -> T:
    """`create()`, tried once more with the limit lifted where an old kernel refuses for it."""
    try:
        return create()
    except KernelError as error:
        if error.errno != errno.EPERM or charged_to_memory_cgroup(kernel):
            raise
    with suppress(OSError, ValueError):
        kernel.raise_memory_lock_limit()
    return create()
