"""Programs at sockets: they filter, choose and redirect on the loopback interface."""

from __future__ import annotations

import socket

import pytest

import osmia
from osmia import (
    ArrayMap,
    ReuseportArray,
    SkAction,
    SkLookupContext,
    SkMsgContext,
    SkReuseportContext,
    SkSkbContext,
    SocketFilterContext,
    SockHash,
    SockMap,
    UsageError,
    be16,
    sk_lookup,
    sk_msg,
    sk_reuseport,
    sk_skb,
    socket_filter,
    u16,
    u32,
    u64,
)
from osmia.net import UdpHdr

PORT = 17180
TIMEOUT = 10

counts = ArrayMap(u64, max_entries=2)
by_index = SockMap(max_entries=4)
by_key = SockHash(u16, max_entries=4)
group = ReuseportArray(max_entries=4)


@socket_filter
def only_even_lengths(ctx: SocketFilterContext) -> u32:
    udp = ctx.load_bytes(UdpHdr, 0)
    if udp is None:
        return u32(0)
    counts[0] += 1
    if udp.dst_port != be16(PORT) or ctx.length % 2 == 1:
        return u32(0)
    return u32(8 + 4)


@sk_lookup
def any_port(ctx: SkLookupContext) -> SkAction:
    if ctx.local_port >= 17190 and ctx.local_port <= 17199:
        counts[0] += 1
        return SkAction.PASS if ctx.assign(by_index, 0) else SkAction.DROP
    return SkAction.PASS


@sk_lookup
def any_port_by_key(ctx: SkLookupContext) -> SkAction:
    if ctx.assign(by_key, u16(7)):
        counts[1] += 1
    return SkAction.PASS


@sk_reuseport
def second_of_group(ctx: SkReuseportContext) -> SkAction:
    counts[0] += u64(ctx.length)
    udp = ctx.packet().read(UdpHdr)
    if udp is not None and ctx.select(group, 1):
        return SkAction.PASS
    return SkAction.DROP


@sk_msg
def to_the_other(ctx: SkMsgContext) -> SkAction:
    counts[0] += u64(ctx.length)
    return by_index.redirect_ingress(ctx, 1)


@sk_skb
def to_the_other_by_key(ctx: SkSkbContext) -> SkAction:
    counts[0] += u64(ctx.length)
    return by_key.redirect(ctx, u16(7))


def receiver(port: int, *, reuse: bool = False) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(TIMEOUT)
    if reuse:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made


def connected() -> tuple[socket.socket, socket.socket]:
    """Both ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname(), TIMEOUT)
        peer, _ = server.accept()
    peer.settimeout(TIMEOUT)
    return client, peer


def test_a_filter_drops_and_cuts() -> None:
    with receiver(PORT) as udp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        with osmia.load(only_even_lengths) as bpf:
            with bpf[only_even_lengths].attach(udp):
                sender.sendto(b"odd", udp.getsockname())
                sender.sendto(b"even-l", udp.getsockname())
                assert udp.recv(100) == b"even"
                assert bpf[counts][0] == 2
            sender.sendto(b"odd", udp.getsockname())
            assert udp.recv(100) == b"odd"
            assert bpf[counts][0] == 2


def test_a_filter_runs_alike_in_both_kernels() -> None:
    datagram = bytes.fromhex("0001431c000e0000") + b"even-l"
    for data, kept in ((datagram, 12), (datagram[:-1], 0), (datagram[:7], 0)):
        frame = bytes(12) + b"\x88\xb5" + data
        for opened in (osmia.load(only_even_lengths), osmia.simulate(only_even_lengths)):
            with opened as bpf:
                assert bpf[only_even_lengths].run(frame).action == kept


def test_connections_to_any_port_reach_one_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, osmia.load(any_port, any_port_by_key) as bpf:
        server.settimeout(TIMEOUT)
        bpf[by_index][0] = server
        bpf[by_key][u16(7)] = server
        assert 0 in bpf[by_index]
        assert len(bpf[by_index]) == len(bpf[by_key]) == 1
        for program in (any_port, any_port_by_key):
            with bpf[program].attach():
                for port in (17190, 17195):
                    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
                        peer, address = server.accept()
                        with peer:
                            assert address == client.getsockname()
                            assert peer.getsockname()[1] == port
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", 17190), TIMEOUT)
        assert bpf[counts][0] == 2
        assert bpf[counts][1] >= 2
        del bpf[by_index][0]
        assert 0 not in bpf[by_index]
        with pytest.raises(KeyError):
            del bpf[by_index][0]


def test_a_program_chooses_among_sockets_of_one_port() -> None:
    with receiver(PORT, reuse=True) as first, receiver(PORT, reuse=True) as second:
        with osmia.load(second_of_group) as bpf, bpf[second_of_group].attach(first):
            bpf[group][1] = second
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for _ in range(20):
                    sender.sendto(b"datagram", ("127.0.0.1", PORT))
            first.setblocking(False)
            assert [second.recv(100) for _ in range(20)] == [b"datagram"] * 20
            with pytest.raises(BlockingIOError):
                first.recv(100)
            assert bpf[counts][0] == 20 * 16


def test_a_message_takes_the_short_way() -> None:
    client, peer = connected()
    with client, peer, osmia.load(to_the_other) as bpf:
        with bpf[to_the_other].attach(bpf[by_index]):
            bpf[by_index][0] = client
            bpf[by_index][1] = peer
            client.send(b"a message")
            assert peer.recv(100) == b"a message"
            assert bpf[counts][0] == 9


def test_data_are_sent_on_by_another_socket() -> None:
    client, peer = connected()
    other, end = connected()
    end.settimeout(TIMEOUT)
    with client, peer, other, end, osmia.load(to_the_other_by_key) as bpf:
        with bpf[to_the_other_by_key].attach(bpf[by_key]):
            bpf[by_key][u16(1)] = peer
            bpf[by_key][u16(7)] = other
            client.send(b"data")
            assert end.recv(100) == b"data"
        assert bpf[counts][0] == 4


def test_sockets_that_do_not_fit_are_refused() -> None:
    with osmia.load(second_of_group, any_port) as bpf, socket.socket() as unconnected:
        with pytest.raises(UsageError, match="does not take this socket"):
            bpf[group][0] = unconnected
        with pytest.raises(UsageError, match="does not take this socket"):
            bpf[by_index][0] = unconnected
        with pytest.raises(UsageError, match="No such file"):
            bpf[any_port].attach("/run/netns/osmia-nothing")
