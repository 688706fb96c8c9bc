"""Waiting for events, with a limit, so that Ctrl-C always ends it."""

from __future__ import annotations

import select
from collections.abc import Sequence
from contextlib import ExitStack

from osmia.errors import UsageError
from osmia.sys import Descriptor, Kernel

# A signal that another thread receives does not interrupt the wait, and Python handles it only after it.
_LONGEST_WAIT = 0.5
_EXPIRATIONS = 8


class Waiter:
    """An epoll descriptor over the buffers of one map.

    It wakes when one of `fds` has something to read, and once in `interval` seconds if that is not 0: so
    an event loop that knows nothing but the descriptor never waits longer.
    """

    def __init__(self, kernel: Kernel, fds: Sequence[int], *, interval: float = 0) -> None:
        self._kernel = kernel
        with ExitStack() as resources:
            self._epoll = kernel.epoll(*fds)
            resources.callback(self._epoll.close)
            self._timer = -1
            if interval:
                timer = resources.enter_context(Descriptor(kernel, kernel.timer(interval), "timer of events"))
                self._timer = timer.fileno()
                self.add(self._timer)
            self._resources = resources.pop_all()

    def add(self, fd: int) -> None:
        """Wake for one more descriptor; closing it takes it off."""
        self._epoll.register(fd, select.EPOLLIN)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._epoll.closed

    def fileno(self) -> int:
        """The descriptor.

        Raises:
            UsageError: after `close`.
        """
        if self._epoll.closed:
            raise UsageError("the event reader is closed", "use it while its map is loaded")
        return self._epoll.fileno()

    def wait(self, timeout: float | None) -> None:
        """Wait for something to read, for up to `timeout` seconds, and never for long."""
        timeout = _LONGEST_WAIT if timeout is None else min(timeout, _LONGEST_WAIT)
        for fd, _ in self._epoll.poll(timeout):
            if fd == self._timer:
                self._kernel.read(fd, _EXPIRATIONS)

    def close(self) -> None:
        """Close the epoll descriptor and the timer."""
        self._resources.close()
