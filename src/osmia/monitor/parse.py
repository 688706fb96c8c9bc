"""Kernel functions that find the ends of a connection in a frame.

Lengths come from the IP header: what pads a short frame is zeros, and would read as a packet
without flags. Whatever is not understood has a `Reason` and passes.
"""

from __future__ import annotations

from osmia import Packet, be16, u8, u16
from osmia.monitor.records import ConnectionKey, ParsedPacket, Payload, Reason
from osmia.net import (
    EtherType,
    EthHdr,
    IpProtocol,
    Ipv4Hdr,
    Ipv6ExtensionHdr,
    Ipv6FragmentHdr,
    Ipv6Hdr,
    SctpHdr,
    TcpHdr,
    UdpHdr,
    VlanHdr,
    v4_mapped,
)

__all__ = ["MAXIMUM_EXTENSION_HEADERS", "MAXIMUM_VLAN_TAGS", "parse"]

MAXIMUM_VLAN_TAGS = 2
MAXIMUM_EXTENSION_HEADERS = 6

IPV4_HEADER = 20
TCP_HEADER = 20
UDP_HEADER = 8
SCTP_HEADER = 16
FRAGMENT_HEADER = 8


def parse(packet: Packet, key: ConnectionKey, outbound: bool) -> ParsedPacket:
    """Fill `key` from a frame. `outbound` says that this machine's end is the source."""
    eth = packet.read(EthHdr)
    if eth is None:
        return unparsed(Reason.TRUNCATED)
    ether_type = eth.ether_type
    for _ in range(MAXIMUM_VLAN_TAGS):
        if ether_type != EtherType.VLAN and ether_type != EtherType.QINQ:
            break
        tag = packet.read(VlanHdr)
        if tag is None:
            return unparsed(Reason.TRUNCATED)
        ether_type = tag.ether_type
    if ether_type == EtherType.IPV4:
        payload = parse_ipv4(packet, key, outbound)
    elif ether_type == EtherType.IPV6:
        payload = parse_ipv6(packet, key, outbound)
    elif ether_type == EtherType.VLAN or ether_type == EtherType.QINQ:
        return unparsed(Reason.VLAN_TAGS)
    else:
        return unparsed(Reason.NOT_IP)
    if payload.reason != Reason.PARSED:
        return unparsed(payload.reason)
    return parse_transport(packet, key, payload, outbound)


def unparsed(reason: Reason) -> ParsedPacket:
    """A frame of which no more is known than what its key says."""
    return ParsedPacket(reason=reason, protocol=IpProtocol.NO_NEXT_HEADER, flags=u8(0), header_length=u8(0))


def no_payload(reason: Reason) -> Payload:
    """An IP packet of which no more can be said."""
    return Payload(reason=reason, length=u16(0), protocol=IpProtocol.NO_NEXT_HEADER, more_fragments=False)


def parse_ipv4(packet: Packet, key: ConnectionKey, outbound: bool) -> Payload:
    """The IPv4 header with its options; the cursor stands behind them."""
    ip = packet.read(Ipv4Hdr)
    if ip is None:
        return no_payload(Reason.TRUNCATED)
    header_length = u16(ip.header_length)
    total_length = u16(ip.total_length)
    if ip.version != 4 or header_length < IPV4_HEADER or total_length < header_length:
        return no_payload(Reason.MALFORMED_IP)
    if outbound:
        key.local_addr = v4_mapped(ip.src_addr)
        key.remote_addr = v4_mapped(ip.dst_addr)
    else:
        key.local_addr = v4_mapped(ip.dst_addr)
        key.remote_addr = v4_mapped(ip.src_addr)
    key.protocol = ip.protocol
    if ip.fragment_offset != 0:
        return no_payload(Reason.LATER_FRAGMENT)
    packet.skip(header_length - IPV4_HEADER)
    return Payload(
        reason=Reason.PARSED,
        length=total_length - header_length,
        protocol=ip.protocol,
        more_fragments=ip.more_fragments,
    )


def parse_ipv6(packet: Packet, key: ConnectionKey, outbound: bool) -> Payload:
    """The IPv6 header and its extension headers (RFC 8200, 4); the cursor stands behind them."""
    ip = packet.read(Ipv6Hdr)
    if ip is None:
        return no_payload(Reason.TRUNCATED)
    if (ip.version_class_flow & 0xF0000000) != 0x60000000:
        return no_payload(Reason.MALFORMED_IP)
    if outbound:
        key.local_addr = ip.src_addr
        key.remote_addr = ip.dst_addr
    else:
        key.local_addr = ip.dst_addr
        key.remote_addr = ip.src_addr
    protocol = ip.next_header
    length = u16(ip.payload_length)
    more_fragments = False
    for _ in range(MAXIMUM_EXTENSION_HEADERS):
        if protocol == IpProtocol.FRAGMENT:
            fragment = packet.read(Ipv6FragmentHdr)
            if fragment is None or length < FRAGMENT_HEADER:
                return no_payload(Reason.EXTENSION_HEADERS)
            protocol = fragment.next_header
            length -= FRAGMENT_HEADER
            more_fragments = fragment.more_fragments
            if fragment.fragment_offset != 0:
                key.protocol = protocol
                return no_payload(Reason.LATER_FRAGMENT)
        elif is_extension(protocol):
            extension = packet.read(Ipv6ExtensionHdr)
            if extension is None:
                return no_payload(Reason.EXTENSION_HEADERS)
            size = (u16(extension.length_units) + 1) << 3
            if protocol == IpProtocol.AUTHENTICATION:
                size = (u16(extension.length_units) + 2) << 2
            if length < size:
                return no_payload(Reason.EXTENSION_HEADERS)
            packet.skip(size - 2)
            protocol = extension.next_header
            length -= size
        else:
            break
    key.protocol = protocol
    if protocol == IpProtocol.FRAGMENT or is_extension(protocol):
        return no_payload(Reason.EXTENSION_HEADERS)
    return Payload(reason=Reason.PARSED, length=length, protocol=protocol, more_fragments=more_fragments)


def is_extension(protocol: IpProtocol) -> bool:
    """Whether this header only stands before another one."""
    return (
        protocol == IpProtocol.HOP_BY_HOP
        or protocol == IpProtocol.ROUTING
        or protocol == IpProtocol.DESTINATION_OPTIONS
        or protocol == IpProtocol.AUTHENTICATION
    )


def parse_transport(packet: Packet, key: ConnectionKey, payload: Payload, outbound: bool) -> ParsedPacket:
    """Ports and TCP flags. Of a TCP header that was cut short, the ports are still worth having."""
    if payload.protocol == IpProtocol.TCP and payload.length >= TCP_HEADER:
        tcp = packet.read(TcpHdr)
        if tcp is None:
            return unparsed(Reason.SHORT_TRANSPORT)
        set_ports(key, tcp.src_port, tcp.dst_port, outbound)
        return ParsedPacket(
            reason=Reason.PARSED,
            protocol=IpProtocol.TCP,
            flags=u8(tcp.flags),
            header_length=tcp.header_length,
        )
    if payload.protocol == IpProtocol.SCTP and payload.length >= SCTP_HEADER:
        sctp = packet.read(SctpHdr)
        if sctp is None:
            return unparsed(Reason.SHORT_TRANSPORT)
        set_ports(key, sctp.src_port, sctp.dst_port, outbound)
        return ParsedPacket(
            reason=Reason.PARSED, protocol=IpProtocol.SCTP, flags=sctp.chunk_type, header_length=u8(0)
        )
    if payload.protocol != IpProtocol.TCP and payload.protocol != IpProtocol.UDP:
        return ParsedPacket(reason=Reason.PARSED, protocol=payload.protocol, flags=u8(0), header_length=u8(0))
    if payload.length < UDP_HEADER:
        return unparsed(Reason.SHORT_TRANSPORT)
    ports = packet.read(UdpHdr)
    if ports is None:
        return unparsed(Reason.SHORT_TRANSPORT)
    set_ports(key, ports.src_port, ports.dst_port, outbound)
    if payload.protocol == IpProtocol.UDP:
        return ParsedPacket(reason=Reason.PARSED, protocol=IpProtocol.UDP, flags=u8(0), header_length=u8(0))
    return unparsed(Reason.TINY_FRAGMENT if payload.more_fragments else Reason.SHORT_TRANSPORT)


def set_ports(key: ConnectionKey, src_port: be16, dst_port: be16, outbound: bool) -> None:
    """The ports, this machine's first."""
    if outbound:
        key.local_port = src_port
        key.remote_port = dst_port
    else:
        key.local_port = dst_port
        key.remote_port = src_port
