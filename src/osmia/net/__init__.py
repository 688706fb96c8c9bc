"""Headers and addresses of the network, written in the public language only."""

from osmia.net.addresses import IPv4Address, IPv6Address, MacAddress, v4_mapped
from osmia.net.checksum import replace_in_checksum, replace_word_in_checksum
from osmia.net.ethernet import ArpHdr, EtherType, EthHdr, VlanHdr
from osmia.net.ip import IpProtocol, Ipv4Hdr, Ipv6ExtensionHdr, Ipv6FragmentHdr, Ipv6Hdr
from osmia.net.routes import FibLookup, FibResult
from osmia.net.transport import IcmpHdr, SctpHdr, TcpFlags, TcpHdr, UdpHdr

__all__ = [
    "ArpHdr",
    "EthHdr",
    "EtherType",
    "FibLookup",
    "FibResult",
    "IPv4Address",
    "IPv6Address",
    "IcmpHdr",
    "IpProtocol",
    "Ipv4Hdr",
    "Ipv6ExtensionHdr",
    "Ipv6FragmentHdr",
    "Ipv6Hdr",
    "MacAddress",
    "SctpHdr",
    "TcpFlags",
    "TcpHdr",
    "UdpHdr",
    "VlanHdr",
    "replace_in_checksum",
    "replace_word_in_checksum",
    "v4_mapped",
]
