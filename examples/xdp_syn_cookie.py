"""Answer the SYNs of a TCP port with SYN cookies before the network stack sees them: a flood costs no memory.

    sysctl -w net.ipv4.tcp_syncookies=2
    python examples/xdp_syn_cookie.py eth0 443

The sequence number of the answer is the kernel's own cookie, so the kernel knows the ACK that brings it back,
and makes the connection from it. It believes cookies only for two minutes after it sent one itself: one SYN a
second goes up to it. Such connections have no window scaling and no selective acknowledgments. Linux 6.0.
"""

import sys
import time
from contextlib import suppress
from typing import Literal

import osmia
from osmia import (
    Array,
    Constant,
    Global,
    XdpAction,
    XdpContext,
    be16,
    be32,
    i32,
    i64,
    ktime_get_ns,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.helpers import tcp_raw_gen_syncookie_ipv4
from osmia.net import EtherType, EthHdr, IpProtocol, Ipv4Hdr, TcpFlags, TcpHdr, replace_in_checksum

MSS_OPTION = u32(0x0204_0000)
"""A TCP option of kind 2 and 4 bytes; the last two are the maximum segment size."""


@struct
class SynHdr:
    """A TCP header, and the option that comes first in a SYN."""

    tcp: TcpHdr
    option: be32


port = Constant(be16(443))
passed = Global(u64(0))
"""when the last SYN went up to the kernel, in ns since boot"""
answered = Global(u64(0))
"""SYNs that got their answer here"""


def tcp_checksum(ip: Ipv4Hdr, words: Array[be16, Literal[12]]) -> be16:
    """Of a TCP header of 24 bytes whose checksum is 0 so far, with the pseudo header (RFC 9293, 3.1)."""
    source, destination = u32(be32(ip.src_addr)), u32(be32(ip.dst_addr))
    total = (source >> 16) + (source & 0xFFFF) + (destination >> 16) + (destination & 0xFFFF) + 6 + 24
    for word in words:
        total += u32(u16(word))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return be16(u16(total) ^ 0xFFFF)


def turn_round(eth: EthHdr, ip: Ipv4Hdr) -> None:
    """Address the packet to who sent it. Both checksums of IPv4 hold for any order of the addresses."""
    turned = EthHdr(dst_addr=eth.src_addr, src_addr=eth.dst_addr, ether_type=eth.ether_type)
    eth.dst_addr = turned.dst_addr
    eth.src_addr = turned.src_addr
    ip.src_addr, ip.dst_addr = ip.dst_addr, ip.src_addr
    ip.checksum = replace_in_checksum(ip.checksum, ip.total_length, be16(44))
    ip.total_length = be16(44)


def make_answer(syn: SynHdr, cookie: i64) -> None:
    """A SYN-ACK with the cookie in its low half, and the segment size that goes with it above."""
    tcp = syn.tcp
    tcp.src_port, tcp.dst_port = tcp.dst_port, tcp.src_port
    tcp.acknowledgment = be32(u32(tcp.sequence) + 1)
    tcp.sequence = be32(u32(cookie))
    tcp.flags = TcpFlags.SYN | TcpFlags.ACK
    tcp.window = be16(65535)
    tcp.checksum = be16(0)
    tcp.urgent = be16(0)
    syn.option = be32(MSS_OPTION | u32(cookie >> 32))


@xdp
def answer_syn(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.protocol != IpProtocol.TCP or ip.header_length != 20 or ip.fragment_offset != 0:
        return XdpAction.PASS
    syn = packet.read(SynHdr)
    if (
        syn is None
        or syn.tcp.dst_port != port.value
        or syn.tcp.flags & (TcpFlags.SYN | TcpFlags.ACK) != TcpFlags.SYN
    ):
        return XdpAction.PASS
    if u32(syn.option) & 0xFFFF_0000 != MSS_OPTION:
        return XdpAction.PASS
    now = ktime_get_ns()
    if now > passed.value + 1_000_000_000:
        passed.value = now
        return XdpAction.PASS
    # The other options go; the helper wants to see a header that ends where it says.
    syn.tcp.data_offset = u8(6 << 4)
    cookie = tcp_raw_gen_syncookie_ipv4(ip, syn)
    if cookie < 0:
        return XdpAction.DROP
    turn_round(eth, ip)
    make_answer(syn, cookie)
    again = ctx.packet()
    again.skip(34)
    words = again.read(Array[be16, Literal[12]])
    if words is None:
        return XdpAction.ABORTED
    syn.tcp.checksum = tcp_checksum(ip, words)
    answered.value += 1
    if ctx.adjust_tail(14 + 44 - i32(ctx.length)) != 0:
        return XdpAction.ABORTED
    return XdpAction.TX


def main(interface: str, number: str) -> None:
    with osmia.load(answer_syn, constants={port: be16(int(number))}) as bpf:
        bpf[answer_syn].attach(interface)
        while True:
            time.sleep(1)
            print(f"{bpf[answered].value} SYNs answered")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
