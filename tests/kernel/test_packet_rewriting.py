"""Packets that a program changes and sends back: a load balancer with XDP_TX, and VLAN tags."""

from __future__ import annotations

from typing import Literal

import osmia
from osmia import (
    Array,
    ArrayMap,
    XdpAction,
    XdpContext,
    be16,
    be32,
    function,
    i32,
    i64,
    struct,
    u8,
    u16,
    u32,
    xdp,
)
from osmia.net import (
    EtherType,
    EthHdr,
    IpProtocol,
    IPv4Address,
    Ipv4Hdr,
    MacAddress,
    UdpHdr,
    replace_in_checksum,
    replace_word_in_checksum,
)
from osmia.packets import ethernet, ipv4, udp


@struct
class Backend:
    address: IPv4Address
    mac: MacAddress


@struct
class TaggedHdr:
    addresses: Array[u8, Literal[12]]
    ether_type: EtherType


backends = ArrayMap(Backend, max_entries=4)


@xdp
def balance(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.protocol != IpProtocol.UDP or ip.dst_addr != IPv4Address("10.9.0.1"):
        return XdpAction.PASS
    datagram = packet.read(UdpHdr)
    if datagram is None:
        return XdpAction.PASS
    backend = backends.lookup(u32(u16(datagram.src_port) & 3))
    if backend is None:
        return XdpAction.PASS
    old, new = be32(ip.dst_addr), be32(backend.address)
    ip.checksum = replace_word_in_checksum(ip.checksum, old, new)
    if datagram.checksum != be16(0):
        sum = replace_word_in_checksum(datagram.checksum, old, new)
        sum = replace_in_checksum(sum, datagram.dst_port, be16(5353))
        datagram.checksum = sum if sum != be16(0) else be16(0xFFFF)
    ip.dst_addr = backend.address
    datagram.dst_port = be16(5353)
    eth.src_addr = eth.dst_addr
    eth.dst_addr = backend.mac
    return XdpAction.TX


BACKENDS = [(f"192.168.{number}.7", f"02:00:00:00:0{number}:07") for number in range(4)]


def test_a_load_balancer() -> None:
    for opened in (osmia.load, osmia.simulate):
        with opened(balance) as bpf:
            for number, (address, mac) in enumerate(BACKENDS):
                hardware = MacAddress.from_bytes(bytes.fromhex(mac.replace(":", "")))
                bpf[backends][number] = Backend(address=IPv4Address(address), mac=hardware)
            for port in range(4000, 4064):
                payload = port.to_bytes(2, "big") * 9
                address, mac = BACKENDS[port & 3]
                ours = ethernet(dst="02:00:00:00:00:01") / ipv4(dst="10.9.0.1") / udp(sport=port, dport=53)
                run = bpf[balance].run(bytes(ours / payload))
                theirs = ethernet(src="02:00:00:00:00:01", dst=mac) / ipv4(dst=address)
                assert run.action == XdpAction.TX
                assert run.data == bytes(theirs / udp(sport=port, dport=5353) / payload)
            other = bytes(ethernet() / ipv4(dst="10.9.0.2") / udp(dport=53))
            assert bpf[balance].run(other).data == other


@function(inline=False)
def cut_front(ctx: XdpContext) -> bool:
    return ctx.adjust_head(4) == 0


@xdp
def pop_tags(ctx: XdpContext) -> XdpAction:
    """Take away all VLAN tags: the addresses move up by four bytes for each."""
    for _ in range(3):
        tagged = ctx.packet().read(TaggedHdr)
        if tagged is None or tagged.ether_type != EtherType.VLAN:
            break
        addresses = tagged.addresses
        front = Array[u8, Literal[12]]()
        for index in range(12):
            front[index] = addresses[index]
        if not cut_front(ctx):
            return XdpAction.ABORTED
        moved = ctx.packet().read(Array[u8, Literal[12]])
        if moved is None:
            return XdpAction.ABORTED
        for index in range(12):
            moved[index] = front[index]
    return XdpAction.TX


def test_a_packet_that_moves_in_a_loop() -> None:
    plain = bytes(ethernet(dst="02:00:00:00:00:01") / ipv4() / udp(dport=9) / b"payload")
    for tags in range(4):
        tagged = plain[:12] + bytes.fromhex("81000007") * tags + plain[12:]
        for opened in (osmia.load, osmia.simulate):
            with opened(pop_tags) as bpf:
                run = bpf[pop_tags].run(tagged)
            assert (run.action, run.data) == (XdpAction.TX, plain), tags


@struct
class Move:
    head: i32
    tail: i32
    head_result: i64
    tail_result: i64


moves = ArrayMap(Move, max_entries=1)


@xdp
def moves_as_told(ctx: XdpContext) -> XdpAction:
    move = moves.lookup(0)
    if move is None:
        return XdpAction.ABORTED
    move.head_result = ctx.adjust_head(move.head)
    move.tail_result = ctx.adjust_tail(move.tail)
    return XdpAction.PASS


def test_how_far_a_packet_moves() -> None:
    frame = bytes(ethernet() / ipv4() / udp(dport=9) / bytes(58))
    far = [(head, 0) for head in (-300, -257, -256, -217, -216, -215, -1, 0, 1, 85, 86, 87, 100, 300)]
    far += [(0, tail) for tail in (-100, -87, -86, -85, -1, 1, 100, 3000, 3319, 3320, 3321, 3400, 3500)]
    far += [(-100, 3320), (50, 3370), (50, 3371), (-200, 3321), (20, -70), (20, -66), (20, -67)]
    for head, tail in far:
        seen: list[object] = []
        for opened in (osmia.load, osmia.simulate):
            with opened(moves_as_told) as bpf:
                bpf[moves][0] = Move(head=i32(head), tail=i32(tail), head_result=i64(1), tail_result=i64(1))
                length = len(bpf[moves_as_told].run(frame).data)
                move = bpf[moves][0]
                seen.append((int(move.head_result), int(move.tail_result), length))
        assert seen[0] == seen[1], (head, tail)
