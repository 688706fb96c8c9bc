"""Programs that see socket buffers, packets without their Ethernet header, at sockets and control groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

from osmia.lang.actions import CgroupVerdict
from osmia.lang.fields import ContextField, RecordContext, WritableField
from osmia.lang.integers import be16, u32
from osmia.lang.memory import Buffer, size_of
from osmia.lang.packet import Packet
from osmia.lang.programs import Program
from osmia.uapi import AttachType, ProgramType
from osmia.uapi.records import SkBuff

__all__ = [
    "CgroupSkbContext",
    "CgroupSkbProgram",
    "SkBuffContext",
    "SocketFilterContext",
    "SocketFilterProgram",
    "cgroup_skb",
    "socket_filter",
]

H = TypeVar("H")


class SkBuffContext(RecordContext):
    """A packet as the network stack has it (`struct __sk_buff`)."""

    record = SkBuff
    kernel_name = "__sk_buff"

    protocol = ContextField(be16, "protocol")
    """Ethernet type of the packet."""
    packet_type = ContextField(u32, "pkt_type")
    """For whom it is: 0 for this host, 1 broadcast, 2 multicast, 3 another host, 4 outgoing (if_packet.h)."""
    ifindex = ContextField(u32, "ifindex")
    """Index of the interface that it is on."""
    ingress_ifindex = ContextField(u32, "ingress_ifindex")
    """Index of the interface that received it, 0 for packets of this machine."""

    def __init__(self, data: Buffer = b"", **fields: Any) -> None:  # type: ignore[assignment] # pyright: ignore[reportArgumentType]
        super().__init__(**fields)
        self._data = bytearray(data)

    @property
    def length(self) -> u32:
        """Bytes of the packet, from where the program sees it."""
        return u32(len(self._data))

    def load_bytes(self, kind: type[H], offset: u32 | int) -> H | None:
        """A copy of the struct or array at a byte offset; None where the packet ends before.

        It finds bytes wherever they lie (bpf_skb_load_bytes, Linux 4.5).
        """
        start, size = int(offset), size_of(kind)
        if start + size > len(self._data):
            return None
        return cast("H", cast("Any", kind).view(bytearray(self._data[start : start + size]), 0))


class CgroupSkbContext(SkBuffContext):
    """The context of a program at a control group's packets: they begin with their IP header."""

    mark = WritableField(u32, "mark")
    """The packet's mark (`skb->mark`)."""
    priority = WritableField(u32, "priority")
    """The packet's priority."""

    def packet(self) -> Packet:
        """A cursor at the first byte of the IP header, over the bytes that lie in the linear part."""
        return Packet(self._data)


class SocketFilterContext(SkBuffContext):
    """The context of a socket filter.

    A packet socket's begins with the Ethernet header, a UDP socket's with the UDP header, and a TCP
    socket's with the TCP header. Read it with `load_bytes`.
    """

    mark = ContextField(u32, "mark")
    """The packet's mark (`skb->mark`)."""


class CgroupSkbProgram(Program[CgroupSkbContext, CgroupVerdict]):
    """A program at the packets of a control group's sockets (BPF_PROG_TYPE_CGROUP_SKB, Linux 4.10)."""

    program_type = ProgramType.CGROUP_SKB
    context_type = CgroupSkbContext
    return_type = CgroupVerdict
    prefix = "cgroup_skb"

    def __init__(
        self,
        function: Callable[[CgroupSkbContext], CgroupVerdict],
        direction: Literal["ingress", "egress"],
    ) -> None:
        super().__init__(function)
        self.direction = direction
        self.attach_type = (
            AttachType.CGROUP_INET_INGRESS if direction == "ingress" else AttachType.CGROUP_INET_EGRESS
        )

    @property
    def section(self) -> str:
        """The ELF section, which names the direction."""
        return f"{self.prefix}/{self.direction}"


class SocketFilterProgram(Program[SocketFilterContext, u32]):
    """A program that says how many bytes of each packet a socket gets (BPF_PROG_TYPE_SOCKET_FILTER, 3.19)."""

    program_type = ProgramType.SOCKET_FILTER
    context_type = SocketFilterContext
    return_type = u32
    prefix = "socket"


def cgroup_skb(
    direction: Literal["ingress", "egress"],
) -> Callable[[Callable[[CgroupSkbContext], CgroupVerdict]], CgroupSkbProgram]:
    """Declare a program at the packets that a control group's sockets receive or send.

    @cgroup_skb("egress")
    def only_ipv4(ctx: CgroupSkbContext) -> CgroupVerdict:
        return CgroupVerdict.ALLOW if ctx.protocol == EtherType.IPV4 else CgroupVerdict.DENY
    """
    return lambda function: CgroupSkbProgram(function, direction)


def socket_filter(function: Callable[[SocketFilterContext], u32]) -> SocketFilterProgram:
    """Declare a socket filter; it returns how many bytes of the packet the socket gets, 0 for none."""
    return SocketFilterProgram(function)
