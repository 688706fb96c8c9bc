"""A program at a perf event: what tracepoints and kernel probes are attached by."""

from __future__ import annotations

import errno

from osmia.errors import KernelError, NotSupportedError, UsageError
from osmia.loader.attach.link import Link
from osmia.loader.permission import refused_perf
from osmia.sys import Descriptor, Kernel
from osmia.uapi import AttachType
from osmia.uapi.records import PerfEventAttributes

EVERY_PROCESS = -1
EVERY_CPU = -1
_FIRST_CPU = 0
"""Events of the kernel's code fire on every CPU, wherever they were opened."""


class PerfEventLink(Link):
    """A program at a perf event; the event ends with it."""

    def __init__(self, kernel: Kernel, event: Descriptor, link: Descriptor | None, hook: str) -> None:
        super().__init__(kernel, event if link is None else link, hook)
        self._event = event
        self._is_link = link is not None

    def detach(self) -> None:
        """Take the program off the event; no error where that was done before."""
        if self._is_link:
            super().detach()
        self._event.close()


def attach_perf_event(
    kernel: Kernel,
    program_fd: int,
    attributes: PerfEventAttributes,
    hook: str,
    *,
    cpu: int = _FIRST_CPU,
    pid: int = EVERY_PROCESS,
    cookie: int = 0,
) -> PerfEventLink:
    """Open an event and run a program at it: by a link (Linux 5.15), else by the event itself.

    `cookie` is a number of 64 bits that the program is told (bpf_get_attach_cookie), 0 for none.

    Raises:
        UsageError: a cookie that has no 64 bits.
        NotSupportedError: a cookie, before Linux 5.15.
        PermissionDeniedError, KernelError.
    """
    if not 0 <= cookie < 1 << 64:
        raise UsageError(f"cookie {cookie} does not fit into 64 bits")
    try:
        fd = kernel.perf_event_open(attributes, EVERY_CPU if pid != EVERY_PROCESS else cpu, pid)
    except KernelError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise refused_perf(kernel) from None
        raise
    event = Descriptor(kernel, fd, f"perf event of {hook}")
    try:
        try:
            link_fd = kernel.link_create(program_fd, fd, AttachType.PERF_EVENT, cookie=cookie)
        except KernelError as error:
            if error.errno != errno.EINVAL:
                raise
            if cookie:
                raise NotSupportedError(f"a cookie at {hook}", needs="Linux 5.15") from None
            kernel.perf_event_set_program(fd, program_fd)
            kernel.perf_event_enable(fd)
            return PerfEventLink(kernel, event, None, hook)
        return PerfEventLink(kernel, event, Descriptor(kernel, link_fd, f"link of {hook}"), hook)
    except BaseException:
        event.close()
        raise
