"""IPv4 (RFC 791) and IPv6 (RFC 8200) headers."""

from __future__ import annotations

from enum import Enum

from osmia.lang import be16, be32, struct, u8, u16
from osmia.net.addresses import IPv4Address, IPv6Address

__all__ = ["IpProtocol", "Ipv4Hdr", "Ipv6ExtensionHdr", "Ipv6FragmentHdr", "Ipv6Hdr"]


class IpProtocol(u8, Enum):
    """Protocol of IPv4, next header of IPv6 (IANA protocol numbers)."""

    HOP_BY_HOP = 0
    ICMP = 1
    TCP = 6
    UDP = 17
    ROUTING = 43
    FRAGMENT = 44
    AUTHENTICATION = 51
    ICMPV6 = 58
    NO_NEXT_HEADER = 59
    DESTINATION_OPTIONS = 60
    SCTP = 132


@struct
class Ipv4Hdr:
    """The IPv4 header without options, 20 bytes; `header_length` says how long it is with them."""

    version_ihl: u8
    tos: u8
    total_length: be16
    identification: be16
    flags_fragment: be16
    ttl: u8
    protocol: IpProtocol
    checksum: be16
    src_addr: IPv4Address
    dst_addr: IPv4Address

    @property
    def version(self) -> u8:
        """4."""
        return self.version_ihl >> 4

    @property
    def header_length(self) -> u8:
        """Bytes of the header with its options, 0 to 60; less than 20 is malformed."""
        return (self.version_ihl & 0xF) << 2

    @property
    def fragment_offset(self) -> u16:
        """Where this fragment belongs, in units of 8 bytes."""
        return u16(self.flags_fragment) & 0x1FFF

    @property
    def more_fragments(self) -> bool:
        """Whether fragments follow this one."""
        return (u16(self.flags_fragment) & 0x2000) != 0


@struct
class Ipv6Hdr:
    """The IPv6 header, 40 bytes."""

    version_class_flow: be32
    payload_length: be16
    next_header: IpProtocol
    hop_limit: u8
    src_addr: IPv6Address
    dst_addr: IPv6Address


@struct
class Ipv6ExtensionHdr:
    """The start of a hop-by-hop, routing or destination options header."""

    next_header: IpProtocol
    length_units: u8
    """Units of 8 bytes, the first 8 bytes not counted."""


@struct
class Ipv6FragmentHdr:
    """The fragment header, 8 bytes (RFC 8200, 4.5)."""

    next_header: IpProtocol
    reserved: u8
    offset_flags: be16
    identification: be32

    @property
    def fragment_offset(self) -> u16:
        """Where this fragment belongs, in units of 8 bytes."""
        return u16(self.offset_flags) >> 3

    @property
    def more_fragments(self) -> bool:
        """Whether fragments follow this one."""
        return (u16(self.offset_flags) & 1) != 0
