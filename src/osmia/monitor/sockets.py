"""Where programs of this machine listen, asked of the kernel by sock_diag (netlink, needs no right)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from osmia.monitor.addresses import address_from_kernel
from osmia.monitor.model import Address

__all__ = ["Listener", "OpenSocket", "expand_wildcards", "listening_sockets", "tcp_sockets"]

Listener = tuple[Address, int, int]
"""Address, port, IP protocol."""

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST_DUMP = 0x301
TCP_LISTEN, UDP_UNCONNECTED = 1 << 10, 1 << 7
TCP_CONNECTED = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8
"""Established, and what is half closed: FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT."""
PROTOCOLS = ((socket.IPPROTO_TCP, TCP_LISTEN), (socket.IPPROTO_UDP, UDP_UNCONNECTED))
BUFFER = 64 * 1024
PATIENCE = 2.0
MAPPED = bytes(10) + b"\xff\xff"

_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI48x")


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """A TCP socket; addresses are in the kernel's mapped form."""

    local: bytes
    local_port: int
    remote: bytes
    remote_port: int
    uid: int
    inode: int
    listens: bool


def listening_sockets() -> Iterator[Listener]:
    """TCP sockets that listen and UDP sockets that take datagrams from anyone; a wildcard as 0.0.0.0 or ::.

    Raises OSError where the kernel has no sock_diag.
    """
    for protocol, states in PROTOCOLS:
        for message in _dump(protocol, states):
            yield _listener(message, protocol)


def tcp_sockets() -> Iterator[OpenSocket]:
    """TCP sockets that listen, or have a connection. Raises OSError where the kernel has no sock_diag."""
    for message in _dump(socket.IPPROTO_TCP, TCP_LISTEN | TCP_CONNECTED):
        local_port, remote_port = struct.unpack_from(">HH", message, 4)
        uid, inode = struct.unpack_from("=II", message, 64)
        yield OpenSocket(
            local=_packed(message, 8),
            local_port=local_port,
            remote=_packed(message, 24),
            remote_port=remote_port,
            uid=uid,
            inode=inode,
            listens=1 << message[1] == TCP_LISTEN,
        )


def expand_wildcards(listeners: Iterable[Listener], own: Iterable[Address]) -> set[Listener]:
    """A listener for each address of this machine where one takes all; :: takes IPv4 too."""
    addresses = tuple(own)
    found: set[Listener] = set()
    for address, port, protocol in listeners:
        if not address.is_unspecified:
            found.add((address, port, protocol))
            continue
        found.update((one, port, protocol) for one in addresses if address.version == 6 or one.version == 4)
    return found


def _dump(protocol: int, states: int) -> Iterator[bytes]:
    """A struct inet_diag_msg (linux/inet_diag.h) for each socket in one of some states, both families."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) as sock:
        sock.settimeout(PATIENCE)
        for family in (socket.AF_INET, socket.AF_INET6):
            request = _REQUEST.pack(family, protocol, 0, states)
            header = _HEADER.pack(_HEADER.size + len(request), SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, 1, 0)
            sock.send(header + request)
            yield from _messages(sock)


def _packed(message: bytes, offset: int) -> bytes:
    packed = message[offset : offset + 16]
    return MAPPED + packed[:4] if message[0] == socket.AF_INET else packed


def _messages(sock: socket.socket) -> Iterator[bytes]:
    """The payloads of one answer."""
    while True:
        data = sock.recv(BUFFER)
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, _, _, _ = _HEADER.unpack_from(data, offset)
            if kind == NLMSG_DONE:
                return
            if kind == NLMSG_ERROR or length < _HEADER.size:
                (number,) = struct.unpack_from("=i", data, offset + _HEADER.size)
                raise OSError(-number, "sock_diag")
            yield data[offset + _HEADER.size : offset + length]
            offset += (length + 3) & ~3


def _listener(message: bytes, protocol: int) -> Listener:
    """The local end in a struct inet_diag_msg (linux/inet_diag.h)."""
    (port,) = struct.unpack_from(">H", message, 4)
    return address_from_kernel(_packed(message, 8)), port, protocol
