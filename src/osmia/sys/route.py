"""Route netlink: which XDP programs an interface has (rtnetlink(7), if_link.h)."""

from __future__ import annotations

import os
import socket
import struct

from osmia.dataclass import dataclass
from osmia.sys.netlink import ask, attributes, open_route
from osmia.uapi.constants import LinkAttribute, LinkXdpAttribute, NetlinkFlags, RouteMessage, XdpAttached

_LINK = struct.Struct("=BxHiII")


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
    route = open_route()
    try:
        answers = ask(route, RouteMessage.GETLINK, link, f"ask for interface {index}", NetlinkFlags.ACK)
    finally:
        os.close(route)
    for answer in answers:
        if answer.kind == RouteMessage.NEWLINK:
            return parse_xdp(answer.payload)
    return XdpState()
