"""Tracepoints: a program gets the record that the kernel makes of each event (Linux 4.7)."""

from __future__ import annotations

import errno

from osmia.errors import KernelError, UsageError
from osmia.loader.attach.link import Link
from osmia.loader.attach.perf_event import attach_perf_event
from osmia.sys import RUNNING_KERNEL, Descriptor, Kernel
from osmia.uapi import PerfType
from osmia.uapi.records import PerfEventAttributes


def attach_tracepoint(kernel: Kernel, program_fd: int, category: str, name: str) -> Link:
    """Attach to a tracepoint; its number stands in tracefs.

    Raises:
        NotSupportedError: tracefs is not mounted.
        UsageError: there is no such tracepoint.
        PermissionDeniedError: tracefs may not be read.
    """
    event = kernel.tracepoint_id(category, name)
    attributes = PerfEventAttributes(type=PerfType.TRACEPOINT, config=event, sample_period=1)
    return attach_perf_event(kernel, program_fd, attributes, f"tracepoint {category}/{name}")


def attach_raw_tracepoint(kernel: Kernel, program_fd: int, name: str) -> Link:
    """Attach to a tracepoint's arguments (Linux 4.17); needs no tracefs.

    Raises:
        UsageError: there is no such tracepoint.
    """
    hook = f"raw tracepoint {name}"
    try:
        fd = kernel.raw_tracepoint_open(program_fd, name)
    except KernelError as error:
        if error.errno == errno.ENOENT:
            raise UsageError(f"there is no tracepoint {name!r}", "tracefs lists them in events/") from None
        raise
    return Link(kernel, Descriptor(kernel, fd, f"link of {hook}"), hook)


def tracepoint_format(category: str, name: str, kernel: Kernel = RUNNING_KERNEL) -> str:
    """The layout of a tracepoint's record, as tracefs shows it; errors as of `attach_tracepoint`."""
    return kernel.tracepoint_format(category, name)
