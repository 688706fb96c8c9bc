"""Programs at sockets: their events, messages between them, and which one gets a connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from osmia.lang.actions import SkAction
from osmia.lang.arrays import Array
from osmia.lang.fields import ContextField, RecordContext, WritableField
from osmia.lang.integers import be16, be32, u32
from osmia.lang.memory import Buffer
from osmia.lang.packet import Packet
from osmia.lang.programs import Program
from osmia.lang.socket_buffers import SkBuffContext
from osmia.uapi import AttachType, ProgramType, SocketEvents
from osmia.uapi.records import SkLookup, SkMsg, SkReuseport, SockOps

if TYPE_CHECKING:
    from osmia.lang.socket_maps import ReuseportArray, SockHash, SockMap

__all__ = [
    "SkLookupContext",
    "SkLookupProgram",
    "SkMsgContext",
    "SkMsgProgram",
    "SkReuseportContext",
    "SkReuseportProgram",
    "SkSkbContext",
    "SkSkbProgram",
    "SockOpsContext",
    "SockOpsProgram",
    "sk_lookup",
    "sk_msg",
    "sk_reuseport",
    "sk_skb",
    "sock_ops",
]


class SockOpsContext(RecordContext):
    """What happens to a TCP socket (`struct bpf_sock_ops`)."""

    record = SockOps
    kernel_name = "bpf_sock_ops"

    operation = ContextField(u32, "op")
    """What is asked or told: a `SocketOperation`."""
    reply = WritableField(u32, "reply")
    """The answer to what is asked."""
    family = ContextField(u32, "family")
    """AF_INET or AF_INET6."""
    remote_address = ContextField(be32, "remote_ip4")
    """The peer's IPv4 address."""
    local_address = ContextField(be32, "local_ip4")
    """This side's IPv4 address."""
    remote_address6 = ContextField(Array[be32, Literal[4]], "remote_ip6")
    """The peer's IPv6 address."""
    local_address6 = ContextField(Array[be32, Literal[4]], "local_ip6")
    """This side's IPv6 address."""
    remote_port = ContextField(be32, "remote_port")
    """The peer's port."""
    local_port = ContextField(u32, "local_port")
    """This side's port."""
    state = ContextField(u32, "state")
    """The TCP state (TCP_ESTABLISHED is 1)."""
    smoothed_rtt = ContextField(u32, "srtt_us")
    """The smoothed round trip time, in eighths of a microsecond."""
    arguments = ContextField(Array[u32, Literal[4]], "args")
    """The operation's arguments: in STATE_CB the old and the new state."""

    def request(self, events: SocketEvents) -> None:
        """Ask for further events of this socket (bpf_sock_ops_cb_flags_set, Linux 4.16)."""
        self.requested = int(events)


class SkMsgContext(RecordContext):
    """A message that is sent on a socket of a socket map (`struct sk_msg_md`)."""

    record = SkMsg
    kernel_name = "sk_msg_md"

    family = ContextField(u32, "family")
    """AF_INET or AF_INET6."""
    remote_address = ContextField(be32, "remote_ip4")
    """The peer's IPv4 address."""
    local_address = ContextField(be32, "local_ip4")
    """This side's IPv4 address."""
    remote_port = ContextField(be32, "remote_port")
    """The peer's port."""
    local_port = ContextField(u32, "local_port")
    """This side's port."""
    length = ContextField(u32, "size")
    """Bytes of the message."""

    def __init__(self, data: Buffer = b"", **fields: Any) -> None:  # type: ignore[assignment] # pyright: ignore[reportArgumentType]
        super().__init__(**fields)
        self._data = bytearray(data)

    def packet(self) -> Packet:
        """A cursor over the first part of the message."""
        return Packet(self._data)


class SkSkbContext(SkBuffContext):
    """Data that arrive at a socket of a socket map (`struct __sk_buff`)."""

    remote_address = ContextField(be32, "remote_ip4")
    """The peer's IPv4 address."""
    local_address = ContextField(be32, "local_ip4")
    """This side's IPv4 address."""
    remote_port = ContextField(be32, "remote_port")
    """The peer's port."""
    local_port = ContextField(u32, "local_port")
    """This side's port."""


class SkLookupContext(RecordContext):
    """A connection or packet that looks for its socket (`struct bpf_sk_lookup`)."""

    record = SkLookup
    kernel_name = "bpf_sk_lookup"

    family = ContextField(u32, "family")
    """AF_INET or AF_INET6."""
    protocol = ContextField(u32, "protocol")
    """IPPROTO_TCP or IPPROTO_UDP."""
    remote_address = ContextField(be32, "remote_ip4")
    """The peer's IPv4 address."""
    remote_port = ContextField(be16, "remote_port")
    """The peer's port."""
    local_address = ContextField(be32, "local_ip4")
    """The IPv4 address it goes to."""
    local_port = ContextField(u32, "local_port")
    """The port it goes to."""
    ingress_ifindex = ContextField(u32, "ingress_ifindex")
    """Index of the interface that it came from (Linux 5.17)."""

    def assign(self, sockets: SockMap | SockHash[Any], key: Any) -> bool:
        """Choose a socket of a socket map (bpf_sk_assign); False where there is none that fits."""
        return sockets.holds(key)


class SkReuseportContext(RecordContext):
    """A packet for a group of sockets that share a port (`struct sk_reuseport_md`)."""

    record = SkReuseport
    kernel_name = "sk_reuseport_md"

    length = ContextField(u32, "len")
    """Bytes of the packet from the transport header on."""
    protocol = ContextField(u32, "ip_protocol")
    """IPPROTO_TCP or IPPROTO_UDP."""
    ether_type = ContextField(be16, "eth_protocol")
    """Ethernet type of the packet."""
    hash = ContextField(u32, "hash")
    """A hash of addresses and ports."""

    def __init__(self, data: Buffer = b"", **fields: Any) -> None:  # type: ignore[assignment] # pyright: ignore[reportArgumentType]
        super().__init__(**fields)
        self._data = bytearray(data)

    def packet(self) -> Packet:
        """A cursor at the first byte of the transport header."""
        return Packet(self._data)

    def select(self, sockets: ReuseportArray | SockMap, key: u32 | int) -> bool:
        """Choose a socket of the group (bpf_sk_select_reuseport); False where there is none that fits."""
        return sockets.holds(key)


class SockOpsProgram(Program[SockOpsContext, int]):
    """A program at TCP events of a control group's sockets (BPF_PROG_TYPE_SOCK_OPS, Linux 4.13)."""

    program_type = ProgramType.SOCK_OPS
    context_type = SockOpsContext
    return_type = int
    prefix = "sockops"
    attach_type = AttachType.CGROUP_SOCK_OPS


class SkMsgProgram(Program[SkMsgContext, SkAction]):
    """A program at messages sent on sockets of a socket map (BPF_PROG_TYPE_SK_MSG, Linux 4.17)."""

    program_type = ProgramType.SK_MSG
    context_type = SkMsgContext
    return_type = SkAction
    prefix = "sk_msg"
    attach_type = AttachType.SK_MSG_VERDICT


class SkSkbProgram(Program[SkSkbContext, SkAction]):
    """A program at data received on sockets of a socket map (BPF_PROG_TYPE_SK_SKB; verdict, Linux 5.13)."""

    program_type = ProgramType.SK_SKB
    context_type = SkSkbContext
    return_type = SkAction
    prefix = "sk_skb/verdict"
    attach_type = AttachType.SK_SKB_VERDICT


class SkLookupProgram(Program[SkLookupContext, SkAction]):
    """A program that chooses the socket of a connection (BPF_PROG_TYPE_SK_LOOKUP, Linux 5.9)."""

    program_type = ProgramType.SK_LOOKUP
    context_type = SkLookupContext
    return_type = SkAction
    prefix = "sk_lookup"
    attach_type = AttachType.SK_LOOKUP


class SkReuseportProgram(Program[SkReuseportContext, SkAction]):
    """A program that chooses among sockets of one port (BPF_PROG_TYPE_SK_REUSEPORT, Linux 4.19)."""

    program_type = ProgramType.SK_REUSEPORT
    context_type = SkReuseportContext
    return_type = SkAction
    prefix = "sk_reuseport"
    attach_type = AttachType.SK_REUSEPORT_SELECT


def sock_ops(function: Callable[[SockOpsContext], int]) -> SockOpsProgram:
    """Declare a program at TCP events of a control group's sockets. It returns 1."""
    return SockOpsProgram(function)


def sk_msg(function: Callable[[SkMsgContext], SkAction]) -> SkMsgProgram:
    """Declare a program at messages that are sent on sockets of a socket map."""
    return SkMsgProgram(function)


def sk_skb(function: Callable[[SkSkbContext], SkAction]) -> SkSkbProgram:
    """Declare a program at data that sockets of a socket map receive."""
    return SkSkbProgram(function)


def sk_lookup(function: Callable[[SkLookupContext], SkAction]) -> SkLookupProgram:
    """Declare a program that chooses the socket of incoming connections of a network namespace."""
    return SkLookupProgram(function)


def sk_reuseport(function: Callable[[SkReuseportContext], SkAction]) -> SkReuseportProgram:
    """Declare a program that chooses among the sockets that share a port."""
    return SkReuseportProgram(function)
