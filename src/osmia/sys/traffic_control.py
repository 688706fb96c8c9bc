"""Traffic control through route netlink: clsact and its filters of kind bpf (net/sched/cls_bpf.c)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from osmia.dataclass import dataclass
from osmia.errors import KernelError
from osmia.sys.netlink import Message, ask, attribute, attributes, open_route
from osmia.uapi.constants import (
    BpfFilterAttribute,
    BpfFilterFlags,
    NetlinkFlags,
    RouteMessage,
    TrafficAttribute,
    TrafficHandle,
)

_TRAFFIC = struct.Struct("=BxxxiIII")
"""struct tcmsg: family, interface index, handle, parent, info."""
_CLSACT_HANDLE = 0xFFFF0000
_MAJOR = 0xFFFF0000
_EVERY_PROTOCOL = socket.htons(0x0003)
_NUMBER = struct.Struct("=I")
_ACKNOWLEDGED = NetlinkFlags.ACK
_NEW = NetlinkFlags.ACK | NetlinkFlags.CREATE | NetlinkFlags.EXCL
_ALL = NetlinkFlags.ROOT | NetlinkFlags.MATCH


@dataclass(frozen=True)
class TrafficFilter:
    """A filter on one direction of an interface; filters run in order of their priority."""

    priority: int
    handle: int
    kind: str = "bpf"
    name: str = ""
    program_id: int = 0


def _parent(egress: bool) -> int:
    minor = TrafficHandle.MIN_EGRESS if egress else TrafficHandle.MIN_INGRESS
    return (TrafficHandle.CLSACT & _MAJOR) | minor


def _message(index: int, handle: int = 0, parent: int = 0, info: int = 0) -> bytes:
    return _TRAFFIC.pack(socket.AF_UNSPEC, index, handle, parent, info)


class TrafficControlCalls:
    """What rtnetlink(7) does with qdiscs and filters, as far as BPF programs need it.

    `route` is a socket of `route_open`; interfaces are those of its network namespace.
    """

    def route_open(self) -> int:
        """A socket of route netlink: it stays in the network namespace in which it was opened."""
        return open_route()

    def clsact_kind(self, route: int, index: int) -> str | None:
        """The qdisc in clsact's place on an interface: "clsact", "ingress", which has no egress, or None."""
        content = _message(index)
        for answer in ask(route, RouteMessage.GETQDISC, content, "list qdiscs", _ALL):
            _, interface, handle, parent, _ = _TRAFFIC.unpack_from(answer.payload)
            if interface == index and parent == TrafficHandle.CLSACT and handle == _CLSACT_HANDLE:
                return _text(
                    dict(attributes(answer.payload[_TRAFFIC.size :])).get(TrafficAttribute.KIND, b"")
                )
        return None

    def clsact_add(self, route: int, index: int) -> bool:
        """Give an interface the qdisc clsact (Linux 4.5); False where one is there already."""
        content = _message(index, _CLSACT_HANDLE, TrafficHandle.CLSACT)
        content += attribute(TrafficAttribute.KIND, b"clsact\0")
        try:
            ask(route, RouteMessage.NEWQDISC, content, "add the qdisc clsact", _NEW)
        except KernelError:
            if self.clsact_kind(route, index) is not None:
                return False
            raise
        return True

    def clsact_delete(self, route: int, index: int) -> None:
        """Take the qdisc clsact from an interface, with all its filters."""
        content = _message(index, _CLSACT_HANDLE, TrafficHandle.CLSACT)
        ask(route, RouteMessage.DELQDISC, content, "delete the qdisc clsact", _ACKNOWLEDGED)

    def traffic_filters(self, route: int, index: int, *, egress: bool) -> tuple[TrafficFilter, ...]:
        """The filters of one direction of an interface."""
        content = _message(index, parent=_parent(egress))
        return tuple(_filters(ask(route, RouteMessage.GETTFILTER, content, "list filters", _ALL)))

    def traffic_filter_add(
        self, route: int, index: int, *, egress: bool, program_fd: int, name: str, priority: int, handle: int
    ) -> None:
        """Add a program that decides by itself (direct action, Linux 4.4) as a filter for all protocols.

        Raises:
            KernelError: EEXIST where that priority and handle are in use.
        """
        options = attribute(BpfFilterAttribute.FD, _NUMBER.pack(program_fd))
        options += attribute(BpfFilterAttribute.NAME, name.encode() + b"\0")
        options += attribute(BpfFilterAttribute.FLAGS, _NUMBER.pack(BpfFilterFlags.ACT_DIRECT))
        content = _message(index, handle, _parent(egress), priority << 16 | _EVERY_PROTOCOL)
        content += attribute(TrafficAttribute.KIND, b"bpf\0") + attribute(TrafficAttribute.OPTIONS, options)
        ask(route, RouteMessage.NEWTFILTER, content, "add a filter", _NEW)

    def traffic_filter_delete(
        self, route: int, index: int, *, egress: bool, priority: int, handle: int
    ) -> None:
        """Delete one filter.

        Raises:
            KernelError: ENOENT where it is gone, EINVAL where the qdisc is, ENODEV where the interface is.
        """
        content = _message(index, handle, _parent(egress), priority << 16 | _EVERY_PROTOCOL)
        content += attribute(TrafficAttribute.KIND, b"bpf\0")
        ask(route, RouteMessage.DELTFILTER, content, "delete a filter", _ACKNOWLEDGED)


def _filters(answers: list[Message]) -> Iterator[TrafficFilter]:
    for answer in answers:
        if answer.kind != RouteMessage.NEWTFILTER or len(answer.payload) < _TRAFFIC.size:
            continue
        _, _, handle, _, info = _TRAFFIC.unpack_from(answer.payload)
        found = dict(attributes(answer.payload[_TRAFFIC.size :]))
        options = dict(attributes(found.get(TrafficAttribute.OPTIONS, b"")))
        # The kernel lists each classifier once without a handle, then its filters.
        if handle:
            yield TrafficFilter(
                info >> 16,
                handle,
                _text(found.get(TrafficAttribute.KIND, b"")),
                _text(options.get(BpfFilterAttribute.NAME, b"")),
                int.from_bytes(options.get(BpfFilterAttribute.ID, b"")[:4], "little"),
            )


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode(errors="replace")
