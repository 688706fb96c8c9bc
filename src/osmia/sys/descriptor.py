"""Ownership of file descriptors."""

from __future__ import annotations

import warnings
from types import TracebackType
from typing import Self

from osmia.errors import UsageError
from osmia.sys.kernel import Kernel


class Descriptor:
    """A file descriptor with one owner, who closes it; a forgotten one is a ResourceWarning."""

    def __init__(self, kernel: Kernel, fd: int, what: str) -> None:
        self._kernel = kernel
        self._fd = fd
        self._what = what

    def fileno(self) -> int:
        """The number, while it is open.

        Raises:
            UsageError: after `close`.
        """
        if self._fd < 0:
            raise UsageError(f"the {self._what} is closed", "use it inside its `with` block")
        return self._fd

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._fd < 0

    def close(self) -> None:
        """Give the descriptor back; a second call does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._kernel.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._fd >= 0:
            warnings.warn(f"{self._what} was never closed", ResourceWarning, stacklevel=2, source=self)
            self.close()

    def __repr__(self) -> str:
        return f"<{self._what}: {'closed' if self._fd < 0 else f'descriptor {self._fd}'}>"
