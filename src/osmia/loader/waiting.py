"""Waiting for events, with a limit, so that Ctrl-C always ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from osmia.errors import UsageError
from osmia.sys import Kernel

T = TypeVar("T")
# A perf buffer whose wake-ups are batched is looked at this often, so that no event waits longer.
LONGEST_WAIT = 0.1


class Waiter:
    """An epoll descriptor over the buffers of one map."""

    def __init__(self, kernel: Kernel, fds: Sequence[int], *, longest_wait: float | None = None) -> None:
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
            waits = [wait for wait in (left, self._longest_wait) if wait is not None]
            self._epoll.poll(min(waits) if waits else None)

    def close(self) -> None:
        """Close the epoll descriptor."""
        self._epoll.close()
