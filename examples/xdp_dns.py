"""Count the DNS questions that come in, by name, and drop those for blocked names.

    python examples/xdp_dns.py eth0 ads.example

UDP over IPv4, port 53. A name in a packet is a row of labels, each behind a byte with its length; a length of
0 ends it (RFC 1035, 4.1.2). Linux 5.10.
"""

import sys
import time
from contextlib import suppress
from typing import Literal

import osmia
from osmia import (
    Array,
    CharArray,
    HashMap,
    LruHashMap,
    Packet,
    XdpAction,
    XdpContext,
    be16,
    struct,
    u8,
    u64,
    xdp,
)
from osmia.net import EtherType, EthHdr, IpProtocol, Ipv4Hdr, UdpHdr

NAME_SIZE = 128
"""A zero byte ends a name here, so 127 letters and dots fit; DNS allows 253."""
MAXIMUM_LABEL = 63
"""A greater number points to another name, which a question has no use for."""
DOT, CAPITAL_A, CAPITAL_Z = u8(ord(".")), u8(ord("A")), u8(ord("Z"))
Octet = Array[u8, Literal[1]]
DnsName = CharArray[Literal[128]]


@struct
class DnsHdr:
    """The DNS header (RFC 1035, 4.1.1)."""

    identification: be16
    flags: be16
    questions: be16
    answers: be16
    authorities: be16
    additional: be16


questions = LruHashMap(DnsName, u64, max_entries=10240)
blocked = HashMap(DnsName, u64, max_entries=10240)


def read_name(packet: Packet, name: DnsName) -> bool:
    """The name at the cursor, as text in small letters; False where there is none, or a longer one."""
    first = packet.read(Octet)
    if first is None or first[0] == 0 or first[0] > MAXIMUM_LABEL:
        return False
    left = first[0]
    for index in range(NAME_SIZE):
        octet = packet.read(Octet)
        if octet is None:
            return False
        letter = octet[0]
        if left > 0:
            left -= 1
            if CAPITAL_A <= letter <= CAPITAL_Z:
                letter += 32
        elif letter == 0:
            return True
        elif letter > MAXIMUM_LABEL:
            return False
        else:
            left = letter
            letter = DOT
        name[index] = letter
    return False


@xdp
def dns(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.protocol != IpProtocol.UDP or ip.header_length != 20 or ip.fragment_offset != 0:
        return XdpAction.PASS
    udp = packet.read(UdpHdr)
    if udp is None or udp.dst_port != be16(53):
        return XdpAction.PASS
    header = packet.read(DnsHdr)
    if header is None or header.questions != be16(1):
        return XdpAction.PASS
    name = DnsName()
    if not read_name(packet, name):
        return XdpAction.PASS
    questions[name] += 1
    return XdpAction.DROP if name in blocked else XdpAction.PASS


def main(interface: str, *names: str) -> None:
    with osmia.load(dns) as bpf:
        for name in names:
            bpf[blocked][DnsName.from_bytes(name.lower().encode())] = u64(1)
        bpf[dns].attach(interface)
        while True:
            time.sleep(1)
            for question, count in bpf[questions].items():
                print(f"{count:>8} {question}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
