"""User probes: a program runs where a function of user space begins (uprobe) or returns (uretprobe)."""

from __future__ import annotations

import ctypes
import errno
import os

from osmia.errors import KernelError, NotSupportedError, UsageError
from osmia.loader.attach.link import Link
from osmia.loader.attach.perf_event import EVERY_PROCESS, attach_perf_event
from osmia.loader.user_binary import find_binary, function_offset
from osmia.sys import Kernel
from osmia.uapi.records import PerfEventAttributes


def attach_uprobe(
    kernel: Kernel,
    program_fd: int,
    binary: str,
    symbol: str,
    *,
    offset: int = 0,
    pid: int = EVERY_PROCESS,
    at_return: bool = False,
    cookie: int = 0,
) -> Link:
    """Attach to a function of user space, or `offset` bytes behind its begin (Linux 4.17).

    `cookie` as of `attach_perf_event`.

    Raises:
        UsageError: no such file, function or process.
        NotSupportedError: the kernel has no user probes.
        MalformedError: the file is no program.
    """
    source = kernel.event_source("uprobe")
    if source is None:
        raise NotSupportedError("user probes", needs="CONFIG_UPROBE_EVENTS")
    path = find_binary(binary)
    place = int(symbol, 0) if symbol[:1].isdigit() else function_offset(path, symbol)
    name = ctypes.create_string_buffer(os.fsencode(path))
    attributes = PerfEventAttributes(
        type=source.type,
        config=(1 << source.return_bit) if at_return else 0,
        uprobe_path=ctypes.addressof(name),
        probe_offset=place + offset,
    )
    kind = "uretprobe" if at_return else "uprobe"
    try:
        hook = f"{kind} {path}:{symbol}"
        return attach_perf_event(kernel, program_fd, attributes, hook, pid=pid, cookie=cookie)
    except KernelError as error:
        if error.errno == errno.ESRCH:
            raise UsageError(f"there is no process {pid}") from None
        if error.errno in (errno.EINVAL, errno.ENOEXEC):
            raise UsageError(
                f"{path}:{symbol} cannot be probed", "give the begin of an instruction of the program's code"
            ) from None
        raise
