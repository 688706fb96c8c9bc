"""Kernel programs on the tracepoints of sockets: who connects and listens, round-trip times, retransmits.

`connect` and `listen` change a socket's state in the process that calls them (inet_sk_set_state in
net/ipv4/af_inet.c). What an answer or a new client changes happens in whatever process was interrupted, so
there the process is looked up.
"""

from __future__ import annotations

from typing import Annotated

from osmia import (
    BtfTracepointContext,
    Comm,
    Constant,
    FieldName,
    KernelPointer,
    KernelStruct,
    LruHashMap,
    be16,
    be32,
    btf_tracepoint,
    i32,
    kernel_address,
    kernel_pointer,
    ktime_get_ns,
    struct,
    u16,
    u32,
    u64,
)
from osmia.monitor.records import ConnectionKey, Endpoint
from osmia.net import IpProtocol, IPv4Address, IPv6Address, v4_mapped

__all__ = [
    "NETWORK_NAMESPACE",
    "SocketOwner",
    "SocketRecord",
    "connecting",
    "listening",
    "segment_resent",
    "segment_timed",
    "socket_begins",
    "socket_changed",
    "sockets",
]

AF_INET, AF_INET6 = u16(2), u16(10)
ESTABLISHED, SYN_SENT, SYN_RECV, CLOSE, LISTEN = i32(1), i32(2), i32(3), i32(7), i32(10)

NETWORK_NAMESPACE = Constant(u32(0))
"""The inode of the monitor's own: sockets of others may have the same addresses."""
SAMPLE_NS = Constant(u64(100_000_000))
"""Between two looks at the round-trip time of a connection."""


class NamespaceCommon(KernelStruct, name="ns_common"):
    """What all kinds of namespaces have (include/linux/ns_common.h)."""

    inum: u32


class NetworkNamespace(KernelStruct, name="net"):
    """A network namespace."""

    ns: NamespaceCommon


class PossibleNet(KernelStruct, name="possible_net_t"):
    """A pointer to a network namespace."""

    net: KernelPointer[NetworkNamespace]


class In6AddrWords(KernelStruct, union=True):
    """An unnamed union."""

    u6_addr32: IPv6Address


class In6Addr(KernelStruct, name="in6_addr"):
    """An IPv6 address."""

    in6_u: In6AddrWords


class SockCommon(KernelStruct, name="sock_common"):
    """What all kinds of sockets have (include/net/sock.h)."""

    skc_family: u16
    skc_daddr: IPv4Address
    skc_rcv_saddr: IPv4Address
    skc_dport: be16
    skc_net: PossibleNet
    skc_v6_daddr: In6Addr
    skc_v6_rcv_saddr: In6Addr


class Sock(KernelStruct, name="sock"):
    """A socket."""

    common: Annotated[SockCommon, FieldName("__sk_common")]
    sk_protocol: u16


class InetSock(KernelStruct, name="inet_sock"):
    """A socket of IPv4 or IPv6; its local port outlives the closing, other than skc_num."""

    inet_sport: be16


class TcpSock(KernelStruct, name="tcp_sock"):
    """A socket of TCP."""

    srtt_us: u32
    """Eight times the smoothed round-trip time."""
    total_retrans: u32


@struct
class SocketOwner:
    """A process."""

    pid: u32
    uid: u32
    comm: Comm


@struct
class SocketRecord:
    """What is known of a connection; `pid` 0 where the process is not."""

    owner: SocketOwner
    round_trip_us: u32
    retransmits: u32
    looked: u64
    """When the numbers of TCP were read."""


connecting = LruHashMap(u64, SocketOwner, max_entries=16_384)
"""By the socket's address: a socket that connects has no port yet."""
listening = LruHashMap(Endpoint, SocketOwner, max_entries=16_384)
sockets = LruHashMap(ConnectionKey, SocketRecord, max_entries=65_536)


def is_ours(sock: Sock) -> bool:
    """Whether it is a socket of TCP in the monitor's own network namespace."""
    return sock.sk_protocol == u16(6) and sock.common.skc_net.net.ns.inum == NETWORK_NAMESPACE.value


def local_port(sock: Sock) -> be16:
    """The port of this machine's end."""
    return kernel_pointer(InetSock, kernel_address(sock)).inet_sport


def local_address(sock: Sock) -> IPv6Address:
    """This machine's end, in mapped form for IPv4."""
    common = sock.common
    if common.skc_family == AF_INET:
        return v4_mapped(common.skc_rcv_saddr)
    return common.skc_v6_rcv_saddr.in6_u.u6_addr32


def remote_address(sock: Sock) -> IPv6Address:
    """The other end."""
    common = sock.common
    if common.skc_family == AF_INET:
        return v4_mapped(common.skc_daddr)
    return common.skc_v6_daddr.in6_u.u6_addr32


def key_of(sock: Sock) -> ConnectionKey:
    """The key by which the packets of a connection are counted."""
    return ConnectionKey(
        local_addr=local_address(sock),
        remote_addr=remote_address(sock),
        local_port=local_port(sock),
        remote_port=sock.common.skc_dport,
        protocol=IpProtocol.TCP,
    )


def read_numbers(sock: Sock, record: SocketRecord) -> None:
    """What TCP says of the connection."""
    tcp = kernel_pointer(TcpSock, kernel_address(sock))
    record.round_trip_us = tcp.srtt_us >> 3
    record.retransmits = tcp.total_retrans
    record.looked = ktime_get_ns()


def owner_of(sock: Sock, key: ConnectionKey, old: i32) -> SocketOwner | None:
    """The process that connected, or that listens where a client came."""
    if old == SYN_SENT:
        return connecting.lookup(kernel_address(sock))
    place = Endpoint(address=key.local_addr, port=key.local_port, protocol=IpProtocol.TCP)
    owner = listening.lookup(place)
    if owner is None and sock.common.skc_family == AF_INET:
        place.address = v4_mapped(IPv4Address(be32(0)))
        owner = listening.lookup(place)
    if owner is None:
        place.address = IPv6Address()
        owner = listening.lookup(place)
    return owner


def begin(key: ConnectionKey, owner: SocketOwner) -> SocketRecord | None:
    """A connection has its process."""
    sockets[key] = SocketRecord(owner=owner, round_trip_us=u32(0), retransmits=u32(0), looked=u64(0))
    return sockets.lookup(key)


@btf_tracepoint("inet_sock_set_state")
def socket_begins(ctx: BtfTracepointContext, sock: Sock, old: i32, new: i32) -> int:
    """A socket connects or listens: in the process that has it."""
    if not is_ours(sock):
        return 0
    if new == SYN_SENT:
        connecting[kernel_address(sock)] = SocketOwner(pid=ctx.pid, uid=ctx.uid, comm=ctx.comm)
    elif new == LISTEN:
        place = Endpoint(address=local_address(sock), port=local_port(sock), protocol=IpProtocol.TCP)
        listening[place] = SocketOwner(pid=ctx.pid, uid=ctx.uid, comm=ctx.comm)
    return 0


@btf_tracepoint("inet_sock_set_state")
def socket_changed(ctx: BtfTracepointContext, sock: Sock, old: i32, new: i32) -> int:
    """A connection is made, refused, or ends."""
    if new in (SYN_SENT, LISTEN) or old == LISTEN or not is_ours(sock):
        return 0
    key = key_of(sock)
    record = sockets.lookup(key)
    if old == SYN_SENT or (old == SYN_RECV and new == ESTABLISHED):
        owner = owner_of(sock, key, old)
        if owner is not None:
            record = begin(key, owner)
        del connecting[kernel_address(sock)]
    if record is not None:
        read_numbers(sock, record)
    return 0


@btf_tracepoint("tcp_probe")
def segment_timed(ctx: BtfTracepointContext, sock: Sock) -> int:
    """A segment has come: now and then, look what TCP has measured."""
    if not is_ours(sock):
        return 0
    record = sockets.lookup(key_of(sock))
    if record is not None and ktime_get_ns() - record.looked >= SAMPLE_NS.value:
        read_numbers(sock, record)
    return 0


@btf_tracepoint("tcp_retransmit_skb")
def segment_resent(ctx: BtfTracepointContext, sock: Sock) -> int:
    """A segment was sent again; of a connection that has no answer yet, this is the first sign."""
    if not is_ours(sock):
        return 0
    key = key_of(sock)
    record = sockets.lookup(key)
    if record is None:
        owner = connecting.lookup(kernel_address(sock))
        if owner is not None:
            record = begin(key, owner)
    if record is not None:
        read_numbers(sock, record)
    return 0
