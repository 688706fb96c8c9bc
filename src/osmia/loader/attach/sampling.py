"""Samples: a program runs at each of so many events of a processor (perf_event_open(2), Linux 4.9)."""

from __future__ import annotations

import errno
from contextlib import ExitStack

from osmia.errors import KernelError, NotSupportedError, UsageError
from osmia.loader.attach.link import Link
from osmia.loader.attach.perf_event import EVERY_CPU, EVERY_PROCESS, attach_perf_event
from osmia.sys import Descriptor, Kernel
from osmia.uapi import PerfHardware, PerfSoftware, PerfType
from osmia.uapi.records import PerfEventAttributes

_USUAL_FREQUENCY = 99


class SamplingLink(Link):
    """A program at the samples of some processors: one perf event for each."""

    def __init__(self, kernel: Kernel, links: list[Link], descriptor: Descriptor, hook: str) -> None:
        super().__init__(kernel, descriptor, hook)
        self._links = links

    @property
    def program_id(self) -> int:
        """The kernel's number of the attached program."""
        return self._links[0].program_id

    @property
    def attached(self) -> bool:
        """Whether it was not detached."""
        return self._links[0].attached

    def detach(self) -> None:
        """Take the program off all of them; no error where that was done before."""
        with ExitStack() as stack:
            for link in self._links:
                stack.callback(link.detach)


def attach_samples(
    kernel: Kernel,
    program_fd: int,
    event: PerfSoftware | PerfHardware = PerfSoftware.CPU_CLOCK,
    *,
    frequency: int | None = None,
    period: int | None = None,
    cpu: int | None = None,
    pid: int | None = None,
) -> Link:
    """Run a program `frequency` times a second (99), or once in `period` events.

    On one processor or on all that are online; for one process or for all.

    Raises:
        UsageError: both a frequency and a period, or no such process or processor.
        NotSupportedError: the machine does not count this event.
        PermissionDeniedError, KernelError.
    """
    if frequency is not None and period is not None:
        raise UsageError("a frequency and a period exclude each other", "give one of them")
    amount = period if period is not None else frequency if frequency is not None else _USUAL_FREQUENCY
    if amount < 1:
        raise UsageError(f"{amount} is no number of samples", "give 1 or more")
    kind = PerfType.SOFTWARE if isinstance(event, PerfSoftware) else PerfType.HARDWARE
    hook = f"samples of {event.name}"
    cpus = (cpu,) if cpu is not None else (EVERY_CPU,) if pid is not None else kernel.online_cpus()
    links: list[Link] = []
    with ExitStack() as stack:
        for number in cpus:
            attributes = PerfEventAttributes(type=kind, config=event)
            if period is None:
                attributes.sample_freq, attributes.freq = amount, 1
            else:
                attributes.sample_period = amount
            process = EVERY_PROCESS if pid is None else pid
            try:
                link = attach_perf_event(kernel, program_fd, attributes, hook, cpu=number, pid=process)
            except KernelError as error:
                raise _explained(error, event.name, cpu, pid) from None
            links.append(stack.enter_context(link))
        stack.pop_all()
    if len(links) == 1:
        return links[0]
    return SamplingLink(kernel, links, links[0].descriptor, hook)


def _explained(error: KernelError, event: str, cpu: int | None, pid: int | None) -> Exception:
    if error.errno == errno.ESRCH:
        return UsageError(f"there is no process {pid}")
    if error.errno == errno.ENODEV and cpu is not None:
        return UsageError(f"there is no processor {cpu}")
    if error.errno in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV):
        return NotSupportedError(
            f"counting {event}", needs="hardware counters; PerfSoftware has some without"
        )
    return error
