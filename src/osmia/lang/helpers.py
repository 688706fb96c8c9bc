"""Helper functions of the kernel (bpf-helpers(7))."""

from __future__ import annotations

from typing import Any, TypeVar

from osmia.lang.arrays import CharArray
from osmia.lang.integers import u32, u64
from osmia.lang.memory import size_of
from osmia.lang.runtime import current_runtime

__all__ = [
    "get_prandom_u32",
    "get_smp_processor_id",
    "ktime_get_ns",
    "probe_read_kernel_str",
    "probe_read_user_str",
]

T = TypeVar("T", bound="CharArray[Any]")


def ktime_get_ns() -> u64:
    """Nanoseconds since boot, without suspended time (CLOCK_MONOTONIC). Since Linux 4.1."""
    return u64(current_runtime().ktime_ns())


def get_prandom_u32() -> u32:
    """A pseudo-random number; not for secrets. Since Linux 4.1."""
    return u32(current_runtime().random_u32())


def get_smp_processor_id() -> u32:
    """The processor that runs the program. Since Linux 4.1."""
    return u32(current_runtime().processor_id())


def probe_read_user_str(text_type: type[T], address: u64) -> T:
    """The text at an address of the task's own memory, such as a path given to a system call.

    What is longer than the type is cut off; the last byte is always zero. Empty where the memory cannot be
    read, also where it is not there now: it is not brought in. Since Linux 5.5.
    """
    return text_of(text_type, current_runtime().memory(int(address)))


def probe_read_kernel_str(text_type: type[T], address: u64) -> T:
    """The text at an address of the kernel's memory; otherwise as `probe_read_user_str`. Since Linux 5.5."""
    return text_of(text_type, current_runtime().memory(int(address)))


def text_of(text_type: type[T], data: bytes) -> T:
    """The bytes up to the first zero byte as a character array, cut off so that the last byte is zero."""
    size = size_of(text_type)
    return text_type.from_bytes(data.split(b"\0", 1)[0][: size - 1].ljust(size, b"\0"))
