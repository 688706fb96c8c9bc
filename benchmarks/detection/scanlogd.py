"""scanlogd beside the monitor, on the same packets; its syslog goes to a socket of ours."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.builders.network import Host

START = 0.4
# In a mount namespace of its own: scanlogd's log socket and the empty folder that it locks itself into.
_SCRIPT = """
mount --make-rprivate / || exit 1
mount -t tmpfs tmpfs /run && mkdir -p /run/scanlogd/empty
mount -t tmpfs tmpfs /mnt && mkdir -p /mnt/dev && cp -a /dev/null /dev/zero /mnt/dev/ && touch /mnt/dev/log
mount --bind "$1" /mnt/dev/log && mount --bind /mnt/dev /dev || exit 1
exec scanlogd
"""


class Scanlogd:
    """Runs while the `with` block does; where it is not installed, it hears nothing."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._installed = shutil.which("scanlogd") is not None
        self._folder = tempfile.TemporaryDirectory()
        self._log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._before: set[int] = set()

    def __enter__(self) -> Self:
        path = Path(self._folder.name, "log")
        self._log.bind(str(path))
        path.chmod(0o666)
        Path(self._folder.name).chmod(0o755)
        self._log.settimeout(0.3)
        self._before = _running()
        if self._installed:
            subprocess.run(
                [
                    *("ip", "netns", "exec", self._host.namespace, "unshare", "--mount"),
                    *("sh", "-c", _SCRIPT, "sh", str(path)),
                ],
                capture_output=True,
                check=False,
                timeout=10,
            )
            time.sleep(START)
        return self

    def lines(self) -> list[str] | None:
        """What it has logged; None where it does not run."""
        if not _running() - self._before:
            return None
        found: list[str] = []
        while True:
            try:
                found.append(self._log.recv(4096).decode(errors="replace"))
            except TimeoutError:
                return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in _running() - self._before:
            os.kill(number, 15)
        self._log.close()
        self._folder.cleanup()


def _running() -> set[int]:
    """The processes of scanlogd."""
    found: set[int] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text().strip() == "scanlogd":
                found.add(int(folder.name))
        except OSError:
            continue
    return found
