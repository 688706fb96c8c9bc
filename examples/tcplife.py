"""Show each TCP connection when it ends: whose it was, how long it lived, what went through it.

Needs root. Linux 5.10, with BTF.
"""

from contextlib import suppress
from typing import Annotated

import osmia
from osmia import (
    BtfTracepointContext,
    Comm,
    FieldName,
    HashMap,
    KernelStruct,
    RingBuf,
    be16,
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
from osmia.net import IPv4Address, IPv6Address, v4_mapped

AF_INET = u16(2)
TCP_ESTABLISHED, TCP_SYN_SENT, TCP_CLOSE = 1, 2, 7


class In6Words(KernelStruct, union=True):
    """What an address consists of, in `in6_addr`."""

    u6_addr32: IPv6Address


class In6Addr(KernelStruct, name="in6_addr"):
    """An IPv6 address."""

    in6_u: In6Words


class SockCommon(KernelStruct, name="sock_common"):
    """What all kinds of sockets have."""

    skc_family: u16
    skc_dport: be16
    skc_rcv_saddr: IPv4Address
    skc_daddr: IPv4Address
    skc_v6_rcv_saddr: In6Addr
    skc_v6_daddr: In6Addr


class Sock(KernelStruct, name="sock"):
    """A socket."""

    common: Annotated[SockCommon, FieldName("__sk_common")]


class InetSock(KernelStruct, name="inet_sock"):
    """An IP socket."""

    inet_sport: be16


class TcpSock(KernelStruct, name="tcp_sock"):
    """A TCP socket."""

    bytes_received: u64
    bytes_acked: u64


@struct
class Owner:
    """Whose connection it is, and since when."""

    pid: u32
    comm: Comm
    since: u64


@struct
class Life:
    """A connection that has ended."""

    pid: u32
    comm: Comm
    local: IPv6Address
    remote: IPv6Address
    local_port: be16
    remote_port: be16
    sent: u64
    """bytes that the other side has acknowledged"""
    received: u64
    """bytes"""
    duration: u64
    """ns"""


owners = HashMap(u64, Owner, max_entries=65536)
lives = RingBuf(Life, byte_size=1 << 20)


def begins(ctx: BtfTracepointContext, sock: Sock) -> None:
    owners[kernel_address(sock)] = Owner(pid=ctx.pid, comm=ctx.comm, since=ktime_get_ns())


def ends(sock: Sock) -> None:
    owner = owners.lookup(kernel_address(sock))
    if owner is None:
        return
    event = lives.reserve()
    if event is not None:
        tcp = kernel_pointer(TcpSock, kernel_address(sock))
        event.pid = owner.pid
        event.comm = owner.comm
        if sock.common.skc_family == AF_INET:
            event.local = v4_mapped(sock.common.skc_rcv_saddr)
            event.remote = v4_mapped(sock.common.skc_daddr)
        else:
            event.local = sock.common.skc_v6_rcv_saddr.in6_u.u6_addr32
            event.remote = sock.common.skc_v6_daddr.in6_u.u6_addr32
        event.local_port = kernel_pointer(InetSock, kernel_address(sock)).inet_sport
        event.remote_port = sock.common.skc_dport
        event.sent = tcp.bytes_acked
        event.received = tcp.bytes_received
        event.duration = ktime_get_ns() - owner.since
        lives.submit(event)
    del owners[kernel_address(sock)]


@btf_tracepoint("inet_sock_set_state")
def state_changes(ctx: BtfTracepointContext, sock: Sock, old: i32, new: i32) -> int:
    if new == TCP_SYN_SENT or (new == TCP_ESTABLISHED and kernel_address(sock) not in owners):
        begins(ctx, sock)
    elif new == TCP_CLOSE:
        ends(sock)
    return 0


def main() -> None:
    with osmia.load(state_changes) as bpf:
        bpf[state_changes].attach()
        print(f"{'PID':>7} {'COMMAND':16} {'LOCAL':>29} {'REMOTE':>29} {'SENT':>9} {'RECEIVED':>9} {'MS':>9}")
        for event in bpf[lives]:
            local, remote = f"{event.local}:{event.local_port}", f"{event.remote}:{event.remote_port}"
            counts = f"{event.sent:>9} {event.received:>9} {int(event.duration) / 1e6:9.2f}"
            print(f"{event.pid:>7} {event.comm!s:16} {local:>29} {remote:>29} {counts}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
