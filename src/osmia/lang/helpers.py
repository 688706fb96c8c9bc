"""Helper functions of the kernel (bpf-helpers(7))."""

from __future__ import annotations

from osmia.lang.integers import u32, u64
from osmia.lang.runtime import current_runtime

__all__ = ["get_prandom_u32", "get_smp_processor_id", "ktime_get_ns"]


def ktime_get_ns() -> u64:
    """Nanoseconds since boot, without suspended time (CLOCK_MONOTONIC). Since Linux 4.1."""
    return u64(current_runtime().ktime_ns())


def get_prandom_u32() -> u32:
    """A pseudo-random number; not for secrets. Since Linux 4.1."""
    return u32(current_runtime().random_u32())


def get_smp_processor_id() -> u32:
    """The processor that runs the program. Since Linux 4.1."""
    return u32(current_runtime().processor_id())
