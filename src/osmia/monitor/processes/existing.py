"""Connections and listeners that were there before the monitor, with their processes, as /proc has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from osmia.monitor.model import ConnectionOwner
from osmia.monitor.sockets import OpenSocket, tcp_sockets

__all__ = ["OwnedSocket", "open_connections"]

PROC = Path("/proc")
MAXIMUM_SOCKETS = 65_536
MAXIMUM_DESCRIPTORS = 1_000_000
SOCKET = "socket:["


@dataclass(frozen=True, slots=True)
class OwnedSocket:
    """A socket and who has it; None where this user may not see that."""

    socket: OpenSocket
    owner: ConnectionOwner | None


def open_connections() -> Iterator[OwnedSocket]:
    """TCP sockets of this network namespace. Raises OSError where the kernel has no sock_diag."""
    found: list[OpenSocket] = []
    for one in tcp_sockets():
        if len(found) >= MAXIMUM_SOCKETS:
            break
        if one.inode:
            found.append(one)
    holders = _holders({one.inode for one in found})
    names: dict[int, str] = {}
    for one in found:
        pid = holders.get(one.inode)
        if pid is not None and pid not in names:
            names[pid] = _name(pid)
        yield OwnedSocket(one, None if pid is None else ConnectionOwner(pid, one.uid, names[pid]))


def _holders(inodes: set[int]) -> dict[int, int]:
    """The process that has each socket; of several, the one that was started first."""
    holders: dict[int, int] = {}
    looked = 0
    for pid in sorted(int(path.name) for path in PROC.iterdir() if path.name.isdecimal()):
        try:
            descriptors = list((PROC / str(pid) / "fd").iterdir())
        except OSError:
            continue  # of another user, or gone
        for descriptor in descriptors:
            looked += 1
            if looked > MAXIMUM_DESCRIPTORS:
                return holders
            inode = _socket_inode(descriptor)
            if inode in inodes:
                holders.setdefault(inode, pid)
    return holders


def _socket_inode(path: Path) -> int:
    """0 for what is no socket."""
    try:
        target = str(path.readlink())
    except OSError:
        return 0
    number = target.removeprefix(SOCKET).removesuffix("]")
    return int(number) if target.startswith(SOCKET) and number.isdecimal() else 0


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text(errors="replace").rstrip("\n")[:15]
    except OSError:
        return ""
