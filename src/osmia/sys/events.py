"""Perf events, shared memory and waiting."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import select
import struct
import time

from osmia.errors import KernelError
from osmia.sys.syscall import Syscall, address_of, syscall
from osmia.uapi import records

_FLAG_FD_CLOEXEC = 1 << 3
_IOC_ENABLE = 0x2400
_IOC_SET_BPF = 0x40042408
_NO_DESCRIPTOR = -1 & 0xFFFFFFFFFFFFFFFF
_NANOSECONDS = 1_000_000_000


class EventCalls:
    """perf_event_open(2), mmap(2), timerfd_create(2) and epoll(7)."""

    def perf_event_open(self, attributes: records.PerfEventAttributes, cpu: int, pid: int = -1) -> int:
        """Open a perf event for one process or for all (-1), on one CPU or on all (-1)."""
        attributes.size = ctypes.sizeof(attributes)
        action = f"open a perf event on CPU {cpu}"
        return syscall(
            Syscall.PERF_EVENT_OPEN,
            action,
            ctypes.addressof(attributes),
            pid & _NO_DESCRIPTOR,
            cpu & _NO_DESCRIPTOR,
            _NO_DESCRIPTOR,
            _FLAG_FD_CLOEXEC,
        )

    def perf_event_enable(self, fd: int) -> None:
        """Let a perf event count."""
        try:
            fcntl.ioctl(fd, _IOC_ENABLE, 0)
        except OSError as error:
            raise KernelError(error.errno, f"enable a perf event: {error.strerror}") from None

    def perf_event_set_program(self, fd: int, program_fd: int) -> None:
        """Run a program at a perf event, without a link (before Linux 5.15)."""
        try:
            fcntl.ioctl(fd, _IOC_SET_BPF, program_fd)
        except OSError as error:
            raise KernelError(error.errno, f"attach a program: {error.strerror}") from None

    def read(self, fd: int, length: int) -> bytes:
        """What a perf event or a timer has to say, up to `length` bytes."""
        try:
            return os.read(fd, length)
        except OSError as error:
            raise KernelError(error.errno, f"read descriptor {fd}: {error.strerror}") from None

    def timer(self, seconds: float) -> int:
        """A timer that is readable once in `seconds`; reading it does not wait."""
        flags = os.O_CLOEXEC | os.O_NONBLOCK
        fd = syscall(Syscall.TIMERFD_CREATE, "make a timer", time.CLOCK_MONOTONIC, flags)
        whole, rest = divmod(max(1, round(seconds * _NANOSECONDS)), _NANOSECONDS)
        # struct itimerspec: the interval, and the time until the first expiration.
        interval = struct.pack("=4q", whole, rest, whole, rest)
        try:
            syscall(Syscall.TIMERFD_SETTIME, "set a timer", fd, 0, address_of(interval), 0)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def memory_map(self, fd: int, length: int, *, offset: int = 0, writable: bool = False) -> mmap.mmap:
        """Share memory with the kernel; `length` and `offset` are whole pages."""
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        try:
            return mmap.mmap(fd, length, mmap.MAP_SHARED, protection, offset=offset)
        except OSError as error:
            raise KernelError(error.errno, f"map {length} bytes: {error.strerror}") from None

    def epoll(self, *fds: int) -> select.epoll:
        """An epoll object that wakes when one of the descriptors has something to read."""
        poll = select.epoll(select.EPOLL_CLOEXEC)
        for fd in fds:
            poll.register(fd, select.EPOLLIN)
        return poll
