"""Messages to the service manager (sd_notify(3)), over a plain socket."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping

__all__ = ["Notifier"]


class Notifier:
    """Tells systemd how the service is; does nothing where no manager asks for it.

    A manager that cannot be reached is no reason to end.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        given = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte of an abstract socket.
        self._address = "\0" + given[1:] if given.startswith("@") else given
        self._usable = given.startswith(("/", "@"))

    def ready(self, status: str) -> None:
        """It runs, and what it runs on, in words."""
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """It reads its configuration anew; `ready` ends this."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """It is about to end."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """It still makes snapshots: what WatchdogSec= waits for."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._usable:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.setblocking(False)
            sender.sendto(message.encode(), self._address)
