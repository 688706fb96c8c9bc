"""Route netlink: which XDP programs an interface has (rtnetlink(7), if_link.h)."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from osmia.errors import KernelError, MalformedError
from osmia.uapi.constants import (
    LinkAttribute,
    LinkXdpAttribute,
    NetlinkFlags,
    NetlinkMessage,
    RouteMessage,
    XdpAttached,
)

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")
_ATTRIBUTE_TYPE_MASK = 0x3FFF
_RECEIVE_SIZE = 65536


@dataclass(frozen=True)
class XdpState:
    """XDP on an interface: the mode that runs, and the program id by mode (0 where there is none)."""

    attached: XdpAttached = XdpAttached.NONE
    native: int = 0
    generic: int = 0
    offloaded: int = 0

    def program_ids(self) -> tuple[int, ...]:
        """The ids of all programs attached."""
        return tuple(id for id in (self.native, self.generic, self.offloaded) if id)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Netlink attributes: type without its flag bits, and payload."""
    position = 0
    while position + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        if length < _ATTRIBUTE.size or position + length > len(data):
            raise MalformedError("netlink message", "an attribute leaves its message", position)
        yield kind & _ATTRIBUTE_TYPE_MASK, data[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3


def parse_xdp(link_message: bytes) -> XdpState:
    """The XDP state from the payload of an RTM_NEWLINK message."""
    for kind, payload in attributes(link_message[_LINK.size :]):
        if kind == LinkAttribute.XDP:
            nested = dict(attributes(payload))
            return _state(nested)
    return XdpState()


def _state(nested: dict[int, bytes]) -> XdpState:
    def number(attribute: LinkXdpAttribute) -> int:
        return int.from_bytes(nested.get(attribute, b"")[:4], "little")

    try:
        attached = XdpAttached(number(LinkXdpAttribute.ATTACHED))
    except ValueError:
        attached = XdpAttached.MULTI
    ids = {
        XdpAttached.DRV: number(LinkXdpAttribute.DRV_PROG_ID),
        XdpAttached.SKB: number(LinkXdpAttribute.SKB_PROG_ID),
        XdpAttached.HW: number(LinkXdpAttribute.HW_PROG_ID),
    }
    if attached in ids and not ids[attached]:
        ids[attached] = number(LinkXdpAttribute.PROG_ID)
    return XdpState(attached, ids[XdpAttached.DRV], ids[XdpAttached.SKB], ids[XdpAttached.HW])


def xdp_state(index: int) -> XdpState:
    """Ask the kernel for one interface.

    Raises:
        KernelError: ENODEV for an interface that is gone, and whatever the socket says.
    """
    link = _LINK.pack(socket.AF_UNSPEC, 0, index, 0, 0)
    request = _HEADER.pack(_HEADER.size + len(link), RouteMessage.GETLINK, NetlinkFlags.REQUEST, 1, 0) + link
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as route:
            route.settimeout(5)
            route.send(request)
            answer = route.recv(_RECEIVE_SIZE)
    except OSError as error:
        raise KernelError(error.errno, f"ask for interface {index}: {error.strerror}") from None
    if len(answer) < _HEADER.size:
        raise MalformedError("netlink message", "shorter than its header")
    length, kind, _, _, _ = _HEADER.unpack_from(answer)
    payload = answer[_HEADER.size : length]
    if kind == NetlinkMessage.ERROR:
        errno = -int.from_bytes(payload[:4], "little", signed=True)
        raise KernelError(errno, f"ask for interface {index}: {os.strerror(errno)}")
    return parse_xdp(payload)
