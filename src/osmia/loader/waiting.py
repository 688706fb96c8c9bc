"""Waiting for events, with a limit, so that Ctrl-C always ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from osmia.errors import UsageError
from osmia.sys import Kernel

T = TypeVar("T")
# A signal that another thread receives does not interrupt the wait, and Python handles it only after it.
_LONGEST_WAIT = 0.5


class Waiter:
    """An epoll descriptor over the buffers of one map; they are looked at once in `longest_wait` seconds."""

    def __init__(self, kernel: Kernel, fds: Sequence[int], *, longest_wait: float = _LONGEST_WAIT) -> None:
        self._epoll = kernel.epoll(*fds)
        self._longest_wait = longest_wait

    def fileno(self) -> int:
        """The descriptor.

        Raises:
            UsageError: after `close`.
        """
        if self._epoll.closed:
            raise UsageError("the event reader is closed", "use it while its map is loaded")
        return self._epoll.fileno()

    def read(self, take: Callable[[], list[T]], timeout: float | None) -> list[T]:
        """What `take` gives as soon as it gives something, or nothing after `timeout` seconds."""
        self.fileno()
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            events = take()
            if events:
                return events
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return events
            self._epoll.poll(self._longest_wait if left is None else min(left, self._longest_wait))

    def close(self) -> None:
        """Close the epoll descriptor."""
        self._epoll.close()
