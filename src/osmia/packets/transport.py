"""Builders of the transport layer: TCP, UDP, ICMP, ICMPv6."""

from __future__ import annotations

from osmia.dataclass import dataclass
from osmia.errors import UsageError
from osmia.lang import be16, be32, u8
from osmia.lang.memory import encode
from osmia.net import IcmpHdr, IpProtocol, TcpFlags, TcpHdr, UdpHdr
from osmia.packets.layers import Addresses, Layer, Layers, in_range, internet_checksum

__all__ = ["icmp", "icmpv6", "tcp", "udp"]


def tcp(
    *,
    sport: int = 40000,
    dport: int = 80,
    flags: TcpFlags = TcpFlags.SYN,
    sequence: int = 0,
    acknowledgment: int = 0,
    window: int = 65535,
    urgent: int = 0,
    options: bytes = b"",
) -> Layers:
    """A TCP header; `options` are padded to a multiple of 4 bytes."""
    if len(options) > 40:
        raise UsageError(f"{len(options)} bytes of TCP options do not fit", "give at most 40")
    padded = options.ljust((len(options) + 3) // 4 * 4, b"\0")
    header = TcpHdr(
        src_port=be16(in_range("sport", sport, 16)),
        dst_port=be16(in_range("dport", dport, 16)),
        sequence=be32(in_range("sequence", sequence, 32)),
        acknowledgment=be32(in_range("acknowledgment", acknowledgment, 32)),
        data_offset=u8((5 + len(padded) // 4) << 4),
        flags=flags,
        window=be16(in_range("window", window, 16)),
        checksum=be16(0),
        urgent=be16(in_range("urgent", urgent, 16)),
    )
    return Layers((_ChecksummedLayer(IpProtocol.TCP, encode(TcpHdr, header) + padded, 16),))


def udp(*, sport: int = 40000, dport: int = 53) -> Layers:
    """A UDP header."""
    header = UdpHdr(
        src_port=be16(in_range("sport", sport, 16)),
        dst_port=be16(in_range("dport", dport, 16)),
        length=be16(0),
        checksum=be16(0),
    )
    return Layers((_UdpLayer(IpProtocol.UDP, encode(UdpHdr, header), 6),))


def icmp(*, type: int = 8, code: int = 0, rest: int = 0) -> Layers:
    """An ICMP header (RFC 792), an echo request where nothing is said; `rest` are its last four bytes."""
    return Layers((_IcmpLayer(IpProtocol.ICMP, _icmp_header(type, code, rest), 2),))


def icmpv6(*, type: int = 128, code: int = 0, rest: int = 0) -> Layers:
    """An ICMPv6 header (RFC 4443), an echo request where nothing is said; `rest` are its last four bytes."""
    return Layers((_ChecksummedLayer(IpProtocol.ICMPV6, _icmp_header(type, code, rest), 2),))


def _icmp_header(message: int, code: int, rest: int) -> bytes:
    header = IcmpHdr(
        type=u8(in_range("type", message, 8)),
        code=u8(in_range("code", code, 8)),
        checksum=be16(0),
        rest=be32(in_range("rest", rest, 32)),
    )
    return encode(IcmpHdr, header)


@dataclass(frozen=True, slots=True)
class _ChecksummedLayer(Layer):
    """A header whose checksum covers the IP addresses too; without an IP header around it stays zero."""

    number: IpProtocol
    header: bytes
    """The checksum is still zero."""
    position: int
    """Where in the header the checksum stands."""

    @property
    def protocol(self) -> IpProtocol:
        return self.number

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        data = self.prepared(inside)
        if around is None:
            return data
        checksum = self.checksum(around.pseudo_header(self.number, len(data)) + data)
        return data[: self.position] + checksum.to_bytes(2, "big") + data[self.position + 2 :]

    def prepared(self, inside: bytes) -> bytes:
        """Header and content, all set but the checksum."""
        return self.header + inside

    def checksum(self, data: bytes) -> int:
        """The checksum as it is sent."""
        return internet_checksum(data)


@dataclass(frozen=True, slots=True)
class _UdpLayer(_ChecksummedLayer):
    def prepared(self, inside: bytes) -> bytes:
        length = in_range("length", len(self.header) + len(inside), 16)
        return self.header[:4] + length.to_bytes(2, "big") + self.header[6:] + inside

    def checksum(self, data: bytes) -> int:
        # Zero would mean that there is none.
        return internet_checksum(data) or 0xFFFF


@dataclass(frozen=True, slots=True)
class _IcmpLayer(_ChecksummedLayer):
    """ICMP for IPv4: no pseudo-header."""

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        data = self.header + inside
        return data[:2] + internet_checksum(data).to_bytes(2, "big") + data[4:]
