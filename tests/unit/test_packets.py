"""Built packets, as scapy sees them: it dissects them and computes lengths and checksums by itself."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from hypothesis import given, strategies as st

from osmia import UsageError, be16
from osmia.lang.memory import decode
from osmia.net import ArpHdr, EtherType, EthHdr, IpProtocol, IPv4Address, Ipv4Hdr, TcpFlags
from osmia.packets import (
    Layers,
    arp,
    destination_options,
    ethernet,
    fragment,
    fragment_header,
    hop_by_hop,
    icmp,
    icmpv6,
    internet_checksum,
    ipv4,
    ipv6,
    payload,
    routing,
    tcp,
    udp,
    vlan,
)

scapy: Any = importlib.import_module("scapy.all")

COMPUTED = ("chksum", "cksum", "len", "plen", "ihl", "dataofs")


def dissected(packet: Layers) -> Any:
    return scapy.Ether(bytes(packet))


def recomputed(packet: Layers, *, network_only: bool = False) -> bytes:
    """The packet after scapy has thrown away lengths and checksums and computed its own."""
    copy = dissected(packet)
    layer = copy
    while layer is not None and layer.__class__.__name__ != "NoPayload":
        if network_only and layer.__class__.__name__ in ("UDP", "TCP"):
            break
        for name in COMPUTED:
            if name in layer.fields and layer.__class__.__name__ != "ARP":
                delattr(layer, name)
        layer = layer.payload
    return bytes(copy)


TRANSPORTS = {
    "tcp": tcp(sport=1234, dport=443, flags=TcpFlags.PSH | TcpFlags.ACK, sequence=7, acknowledgment=8),
    "tcp with options": tcp(options=bytes([2, 4, 5, 0xB4, 1, 3, 3, 7])),
    "udp": udp(sport=5353, dport=53),
}
NETWORKS = {
    "ipv4": ipv4(src="10.0.0.9", dst="10.255.0.1", ttl=3, tos=4, identification=77, dont_fragment=True),
    "ipv4 with options": ipv4(options=bytes([7, 7, 4, 1, 2, 3, 4])),
    "ipv6": ipv6(src="2001:db8::9", dst="fe80::1", traffic_class=5, flow_label=0xABCDE),
    "ipv6 with extensions": ipv6() / hop_by_hop() / destination_options(bytes([1, 3, 0, 0, 0])),
}
LINKS = {
    "ethernet": ethernet(),
    "vlan": ethernet() / vlan(vlan_id=100, priority=3),
    "qinq": ethernet() / vlan(vlan_id=7, tag_type=EtherType.QINQ) / vlan(vlan_id=4095, drop_eligible=True),
}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("data", [b"", b"odd", b"some data" * 30])
def test_scapy_computes_the_same_bytes(link: str, network: str, transport: str, data: bytes) -> None:
    packet = LINKS[link] / NETWORKS[network] / TRANSPORTS[transport] / data
    assert recomputed(packet) == bytes(packet)
    assert dissected(packet).haslayer("TCP" if "tcp" in transport else "UDP")
    assert len(packet) == len(bytes(packet))


@given(data=st.binary(max_size=1400), source=st.integers(0, 2**32 - 1), port=st.integers(0, 65535))
def test_checksums_for_any_content(data: bytes, source: int, port: int) -> None:
    for transport in (tcp(dport=port), udp(dport=port), icmp(rest=port)):
        packet = ethernet() / ipv4(src=IPv4Address(source)) / transport / data
        assert recomputed(packet) == bytes(packet)


@given(data=st.binary(max_size=300))
def test_icmpv6(data: bytes) -> None:
    packet = ethernet() / ipv6() / icmpv6(rest=0x00010002) / data
    assert recomputed(packet) == bytes(packet)
    assert dissected(packet).haslayer("ICMPv6EchoRequest")


def test_a_udp_checksum_is_never_sent_as_zero() -> None:
    for filler in range(65536):
        packet = bytes(ipv4() / udp() / filler.to_bytes(2, "big"))
        assert packet[26:28] != b"\0\0"
        if packet[26:28] == b"\xff\xff":
            break
    else:
        pytest.fail("no payload had the checksum in question")


@given(st.binary(max_size=200))
def test_checksum_of_data_with_its_checksum_is_zero(data: bytes) -> None:
    even = data + b"\0" * (len(data) % 2)
    assert internet_checksum(even + internet_checksum(data).to_bytes(2, "big")) == 0
    assert internet_checksum(data) == scapy.checksum(data)


def test_the_fields_arrive() -> None:
    packet = dissected(
        ethernet(src="02:00:00:00:00:aa", dst="ff:ff:ff:ff:ff:ff")
        / vlan(vlan_id=42)
        / ipv4(src="10.1.2.3", dst="10.4.5.6", ttl=9)
        / tcp(sport=1, dport=2, flags=TcpFlags.FIN | TcpFlags.URG, window=3, urgent=4)
        / b"hello"
    )
    assert (packet.src, packet.dst, packet.type) == ("02:00:00:00:00:aa", "ff:ff:ff:ff:ff:ff", 0x8100)
    assert (packet["Dot1Q"].vlan, packet["IP"].src, packet["IP"].dst) == (42, "10.1.2.3", "10.4.5.6")
    header = packet["TCP"]
    assert (header.sport, header.dport, str(header.flags), header.window, header.urgptr) == (1, 2, "FU", 3, 4)
    assert bytes(header.payload) == b"hello"


def test_arp() -> None:
    packet = ethernet() / arp(
        operation=2, sender="10.0.0.1", target="10.0.0.2", target_mac="02:00:00:00:00:09"
    )
    seen = dissected(packet)["ARP"]
    assert (seen.op, seen.psrc, seen.pdst, seen.hwdst) == (2, "10.0.0.1", "10.0.0.2", "02:00:00:00:00:09")
    header: ArpHdr = decode(ArpHdr, bytes(packet)[14:])
    assert (str(header.sender_addr), str(header.target_addr)) == ("10.0.0.1", "10.0.0.2")


def test_extension_headers_chain() -> None:
    seen = dissected(
        ethernet() / ipv6() / hop_by_hop() / routing() / fragment_header(identification=5) / udp()
    )
    names = [layer.__name__ for layer in seen.layers()]
    expected = ["Ether", "IPv6", "IPv6ExtHdrHopByHop", "IPv6ExtHdrRouting", "IPv6ExtHdrFragment", "UDP"]
    assert names == expected
    assert [seen["IPv6"].nh, seen["IPv6ExtHdrHopByHop"].nh, seen["IPv6ExtHdrFragment"].id] == [0, 43, 5]


@given(size=st.integers(1, 40).map(lambda units: units * 8), data=st.binary(max_size=500))
def test_ipv4_fragments_are_what_scapy_puts_together_again(size: int, data: bytes) -> None:
    whole = ethernet() / ipv4(options=b"\x01\x01") / udp() / data
    pieces = fragment(whole, size, identification=9)
    assert all(recomputed(piece, network_only=True) == bytes(piece) for piece in pieces)
    seen = [dissected(piece)["IP"] for piece in pieces]
    assert [bool(piece.flags.MF) for piece in seen] == [True] * (len(seen) - 1) + [False]
    assert all(piece.id == 9 and piece.proto == 17 for piece in seen)
    joined = b"".join(bytes(piece.payload) for piece in sorted(seen, key=lambda piece: piece.frag))
    assert joined == bytes(whole)[14 + 24 :]


def test_ipv6_fragments() -> None:
    whole = ethernet() / ipv6() / hop_by_hop() / udp() / bytes(range(100))
    pieces = fragment(whole, 48, identification=3)
    seen = [dissected(piece) for piece in pieces]
    assert [piece["IPv6ExtHdrFragment"].offset for piece in seen] == [0, 6, 12]
    assert [piece["IPv6ExtHdrFragment"].m for piece in seen] == [1, 1, 0]
    assert all(piece["IPv6ExtHdrHopByHop"].nh == 44 for piece in seen)
    joined = b"".join(bytes(piece)[14 + 40 + 8 + 8 :] for piece in pieces)
    assert joined == bytes(whole)[14 + 40 + 8 :]


def test_a_frame_is_padded_outside_of_the_ip_length() -> None:
    frame = bytes(ethernet(minimum_length=60) / ipv4() / udp())
    assert len(frame) == 60
    header: Ipv4Hdr = decode(Ipv4Hdr, frame[14:])
    assert header.total_length == be16(28)
    assert frame[42:] == bytes(18)


def test_what_is_given_stands() -> None:
    packet = ethernet() / ipv4(total_length=9, checksum=0xBEEF, protocol=IpProtocol.SCTP) / b"x"
    seen = dissected(packet)["IP"]
    assert (seen.len, seen.chksum, seen.proto) == (9, 0xBEEF, 132)
    eth: EthHdr = decode(EthHdr, bytes(ethernet(ether_type=EtherType.ARP) / payload(b"y")))
    assert eth.ether_type == EtherType.ARP


def test_part_of_a_packet_alone() -> None:
    assert len(bytes(tcp())) == 20
    first_fragment = ethernet() / ipv4(more_fragments=True, protocol=IpProtocol.TCP) / bytes(tcp())[:8]
    assert len(first_fragment) == 42


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: udp(dport=65536), "dport is 65536"),
        (lambda: tcp(sport=-1), "sport is -1"),
        (lambda: vlan(vlan_id=4096), "12 bits"),
        (lambda: ethernet(src="02:00"), "no Ethernet address"),
        (lambda: ethernet(src="02:00:00:00:00:zz"), "no Ethernet address"),
        (lambda: ipv4(options=bytes(41)), "at most 40"),
        (lambda: tcp(options=bytes(41)), "at most 40"),
        (lambda: bytes(ipv4() / bytes(65536)), "total_length"),
        (lambda: bytes(ipv6() / bytes(65536)), "payload_length"),
        (lambda: routing(bytes(3)), "8 \\* n \\+ 4"),
        (lambda: fragment(ethernet() / arp(), 8), "no IP header"),
        (lambda: fragment(ethernet() / ipv4() / udp(), 12), "multiple of 8"),
    ],
)
def test_mistakes_are_refused(build: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build()


def test_a_wrong_address_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.256"):
        ipv4(src="10.0.0.256")
