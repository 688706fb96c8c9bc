"""TCP (RFC 9293), UDP (RFC 768) and ICMP (RFC 792, RFC 4443) headers."""

from __future__ import annotations

from osmia.lang import Flags, be16, be32, struct, u8

__all__ = ["IcmpHdr", "SctpHdr", "TcpFlags", "TcpHdr", "UdpHdr"]


class TcpFlags(u8, Flags):
    """The control bits of a TCP header."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80


@struct
class TcpHdr:
    """The TCP header without options, 20 bytes."""

    src_port: be16
    dst_port: be16
    sequence: be32
    acknowledgment: be32
    data_offset: u8
    flags: TcpFlags
    window: be16
    checksum: be16
    urgent: be16

    @property
    def header_length(self) -> u8:
        """Bytes of the header with its options."""
        return (self.data_offset >> 4) << 2


@struct
class UdpHdr:
    """The UDP header, 8 bytes."""

    src_port: be16
    dst_port: be16
    length: be16
    checksum: be16


@struct
class SctpHdr:
    """The SCTP header and the beginning of its first chunk, 16 bytes (RFC 9260, 3)."""

    src_port: be16
    dst_port: be16
    verification_tag: be32
    checksum: be32
    chunk_type: u8
    """1 INIT, 2 INIT ACK, 6 ABORT, 10 COOKIE ECHO."""
    chunk_flags: u8
    chunk_length: be16


@struct
class IcmpHdr:
    """The first 8 bytes of ICMP and ICMPv6 messages."""

    type: u8
    code: u8
    checksum: be16
    rest: be32
