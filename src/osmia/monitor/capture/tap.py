"""Whole frames of interfaces, in and out, from packet sockets (packet(7)). Needs CAP_NET_RAW."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from osmia.errors import PermissionDeniedError, UnknownInterfaceError
from osmia.monitor.host import interface_names
from osmia.packets import Frame

__all__ = ["Tap", "TappedFrame"]

ALL_PROTOCOLS = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_STATISTICS = 263, 8, 6
SO_TIMESTAMPNS = 35
OUTGOING = 4
VLAN_VALID, VLAN_TPID_VALID = 1 << 4, 1 << 6
DEFAULT_TPID = 0x8100
MAXIMUM_BYTES = 262_144
RECEIVE_BUFFER = 8 * 1024 * 1024
ANCILLARY = 256
AT_ONCE = 256
"""Frames of one interface before it is the next one's turn."""

_AUXDATA = struct.Struct("=IIIHHHH")
_TIME = struct.Struct("=qq")


@dataclass(frozen=True, slots=True)
class TappedFrame:
    """A frame as the network stack has it."""

    interface: int
    """Its place among the interfaces tapped."""
    frame: Frame
    outbound: bool


class Tap:
    """Open packet sockets; what is in them is given by `frames`.

    Raises UnknownInterfaceError, PermissionDeniedError, OSError.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._closing = ExitStack()
        self._sockets: list[socket.socket] = []
        self.lost = 0
        """Frames that found no room in a socket's buffer."""
        try:
            for name in names:
                self._sockets.append(self._closing.enter_context(_open(name)))
        except BaseException:
            self._closing.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def frames(self, seconds: float) -> Iterator[TappedFrame]:
        """What has come, waiting for at most so long for the first. Raises OSError when an interface goes."""
        ready, _, _ = select.select(self._sockets, [], [], seconds)
        for tapped in ready:
            interface = self._sockets.index(tapped)
            with contextlib.suppress(BlockingIOError):
                for _ in range(AT_ONCE):
                    yield _receive(tapped, interface)

    def count_lost(self) -> int:
        """All that was lost so far."""
        for tapped in self._sockets:
            _, drops = struct.unpack("=II", tapped.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
            self.lost += drops  # the kernel begins anew at each reading
        return self.lost


def _open(name: str) -> socket.socket:
    try:
        # Without a protocol it takes nothing until it is bound to its interface.
        tapped = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    except PermissionError:
        raise PermissionDeniedError("capture frames", ("CAP_NET_RAW",)) from None
    try:
        tapped.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        tapped.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        tapped.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        try:
            tapped.bind((name, ALL_PROTOCOLS))
        except OSError as error:
            if name in interface_names():
                raise
            raise UnknownInterfaceError(name, interface_names()) from error
    except BaseException:
        tapped.close()
        raise
    return tapped


def _receive(tapped: socket.socket, interface: int) -> TappedFrame:
    data, ancillary, _, address = tapped.recvmsg(MAXIMUM_BYTES, ANCILLARY, socket.MSG_DONTWAIT)
    length, time_ns, tag = len(data), 0, b""
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIME.unpack_from(content)
            time_ns = seconds * 1_000_000_000 + nanoseconds
        elif level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, length, _, _, _, tci, tpid = _AUXDATA.unpack_from(content)
            if status & VLAN_VALID:
                # The kernel took the outer tag off the frame.
                tag = struct.pack(">HH", tpid if status & VLAN_TPID_VALID else DEFAULT_TPID, tci)
    whole = data[:12] + tag + data[12:]
    outbound = int(address[2]) == OUTGOING
    return TappedFrame(interface, Frame(time_ns, whole, max(length, len(data)) + len(tag)), outbound)
