"""Kernel probes: a program runs where a kernel function begins (kprobe) or returns (kretprobe)."""

from __future__ import annotations

import ctypes
import errno

from osmia.errors import KernelError, NotSupportedError, UsageError
from osmia.loader.attach.link import Link
from osmia.loader.attach.perf_event import attach_perf_event
from osmia.sys import Kernel
from osmia.uapi.records import PerfEventAttributes


def attach_kprobe(
    kernel: Kernel, program_fd: int, function: str, *, offset: int = 0, at_return: bool = False
) -> Link:
    """Attach to a kernel function (perf_event_open(2), Linux 4.17).

    Raises:
        NotSupportedError: the kernel has no kprobes.
        UsageError: the kernel has no such function, or it may not be probed.
    """
    kind = "kretprobe" if at_return else "kprobe"
    source = kernel.event_source("kprobe")
    if source is None:
        raise NotSupportedError("kernel probes", needs="CONFIG_KPROBES; a tracepoint may do instead")
    name = ctypes.create_string_buffer(function.encode())
    attributes = PerfEventAttributes(
        type=source.type,
        config=(1 << source.return_bit) if at_return else 0,
        kprobe_func=ctypes.addressof(name),
        probe_offset=offset,
    )
    try:
        return attach_perf_event(kernel, program_fd, attributes, f"{kind} {function}")
    except KernelError as error:
        if error.errno in (errno.ENOENT, errno.EINVAL, errno.EADDRNOTAVAIL):
            raise UsageError(
                f"the kernel has no function {function!r} that can be probed", "/proc/kallsyms lists them"
            ) from None
        raise
