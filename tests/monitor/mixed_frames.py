"""Frames of many kinds in both directions, and the sums that scapy, not osmia, finds in them."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Ether

from osmia.net import TcpFlags
from osmia.packets import (
    destination_options,
    ethernet,
    fragment,
    hop_by_hop,
    icmp,
    icmpv6,
    ipv4,
    ipv6,
    routing,
    tcp,
    udp,
    vlan,
)

HERE, HERE6 = "10.99.7.1", "2001:db8:7::1"
THERE, THERE6 = "10.99.7.2", "2001:db8:7::2"
NOP_OPTIONS = bytes([1] * 8)
TCP_SIZES = (0, 1, 6, 100, 1000, 1446)


@dataclass(frozen=True)
class Direction:
    """One way of the traffic, with the addresses of its frames."""

    src: str
    dst: str
    src6: str
    dst6: str
    src_mac: str = "02:00:00:00:00:02"
    dst_mac: str = "02:00:00:00:00:01"


INBOUND = Direction(THERE, HERE, THERE6, HERE6)
OUTBOUND = Direction(HERE, THERE, HERE6, THERE6, "02:00:00:00:00:01", "02:00:00:00:00:02")


def mixed_frames(way: Direction) -> list[bytes]:
    """Sizes, IPv4, IPv6, VLAN, QinQ, options, extension headers, fragments."""
    eth = ethernet(src=way.src_mac, dst=way.dst_mac)
    four, six = ipv4(src=way.src, dst=way.dst), ipv6(src=way.src6, dst=way.dst6)
    ack = TcpFlags.ACK
    packets = [
        *(
            eth / four / tcp(sport=5000, dport=443, flags=ack) / bytes(size)
            for size in (0, 1, 6, 100, 1000, 1446)
        ),
        *(eth / four / udp(sport=5001, dport=53) / bytes(size) for size in (0, 17, 512)),
        eth / vlan(vlan_id=5) / four / tcp(sport=5002, dport=80, flags=ack) / bytes(33),
        eth / vlan(vlan_id=5) / vlan(vlan_id=6) / four / udp(sport=5003, dport=123) / bytes(48),
        eth
        / ipv4(src=way.src, dst=way.dst, options=NOP_OPTIONS)
        / tcp(sport=5004, dport=22, flags=ack)
        / b"options",
        eth / four / icmp() / bytes(56),
        *(eth / six / tcp(sport=6000, dport=443, flags=ack) / bytes(size) for size in (0, 700, 1400)),
        eth / six / udp(sport=6001, dport=53) / bytes(80),
        eth / vlan(vlan_id=9) / six / udp(sport=6002, dport=53) / bytes(81),
        eth / six / hop_by_hop() / udp(sport=6003, dport=53) / bytes(20),
        eth
        / six
        / hop_by_hop()
        / routing()
        / destination_options()
        / tcp(sport=6004, dport=80, flags=ack)
        / bytes(9),
        eth / six / icmpv6() / bytes(32),
        *fragment(eth / four / udp(sport=5005, dport=5005) / bytes(3000), 1480, identification=7),
        *fragment(eth / six / udp(sport=6005, dport=6005) / bytes(3000), 1448, identification=8),
    ]
    return [bytes(packet).ljust(60, b"\0") for packet in packets]


@dataclass
class Sums:
    """Packets and bytes by what scapy reads in the frames."""

    source_packets: Counter[str] = field(default_factory=Counter[str])
    source_bytes: Counter[str] = field(default_factory=Counter[str])
    connection_packets: Counter[tuple[str, int, str, int, int]] = field(default_factory=Counter[Any])
    connection_bytes: Counter[tuple[str, int, str, int, int]] = field(default_factory=Counter[Any])


def scapy_sums(frames: Iterable[bytes]) -> Sums:
    """Sums by source, and by connection: source, its port, destination, its port, protocol."""
    sums = Sums()
    for frame in frames:
        source, *connection = _decode(frame)
        sums.source_packets[source] += 1
        sums.source_bytes[source] += len(frame)
        sums.connection_packets[source, *connection] += 1  # type: ignore[index]
        sums.connection_bytes[source, *connection] += len(frame)  # type: ignore[index]
    return sums


def _decode(frame: bytes) -> tuple[str, int, str, int, int]:
    packet = Ether(frame)
    if IP in packet:
        ip = packet[IP]
        source, destination, protocol, later = ip.src, ip.dst, ip.proto, ip.frag != 0
    else:
        ip = packet[IPv6]
        source, destination = str(ipaddress.ip_address(ip.src)), str(ipaddress.ip_address(ip.dst))
        layer = ip
        while layer.payload.__class__.__name__.startswith("IPv6ExtHdr"):
            layer = layer.payload
        protocol = layer.nh
        later = IPv6ExtHdrFragment in packet and packet[IPv6ExtHdrFragment].offset != 0
    if later:
        return source, 0, destination, 0, protocol
    for transport in (TCP, UDP):
        if transport in packet:
            return source, packet[transport].sport, destination, packet[transport].dport, protocol
    return source, 0, destination, 0, protocol
