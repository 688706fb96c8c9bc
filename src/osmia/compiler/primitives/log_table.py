"""The table of log messages: text stays in user space, the kernel sends a number and the values.

A record in the ring buffer is the message's number (u64) and each value in 8 bytes, structs and
arrays rounded up to a multiple of 8. The table travels in the object's section `.osmia.log`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class LogValue:
    """One value of a message. `kind` is unsigned, signed, bool, ipv4, ipv6, mac or bytes."""

    kind: str
    size: int
    """Bytes that count, of the 8 or more that the value takes."""
    big_endian: bool = False
    names: tuple[tuple[int, str], ...] = ()
    """Names of the numbers of an enumeration."""
    format: str = ""
    """The format specification of the f-string."""


@dataclass(frozen=True)
class LogMessage:
    """One `log` call: its place, and text and values in order."""

    level: int
    filename: str
    line: int
    function: str
    parts: tuple[str | LogValue, ...]


class LogTable:
    """The messages of one object; the number of a message is its index."""

    def __init__(self) -> None:
        self._messages: list[LogMessage] = []

    def add(self, message: LogMessage) -> int:
        """The number of a message."""
        self._messages.append(message)
        return len(self._messages) - 1

    def mark(self) -> int:
        """How many messages there are, to go back to."""
        return len(self._messages)

    def reset(self, mark: int) -> None:
        """Forget what was added since `mark`."""
        del self._messages[mark:]

    def encode(self) -> bytes:
        """The table as JSON, empty where nothing is logged."""
        if not self._messages:
            return b""
        return json.dumps([asdict(message) for message in self._messages], separators=(",", ":")).encode()
