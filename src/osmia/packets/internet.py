"""Builders of the internet layer: IPv4 with options, IPv6 with extension headers, fragments of both."""

from __future__ import annotations

import dataclasses

from osmia.dataclass import dataclass
from osmia.errors import UsageError
from osmia.lang import be16, be32, u8
from osmia.lang.memory import MemoryCodec, encode
from osmia.net import (
    EtherType,
    IpProtocol,
    IPv4Address,
    Ipv4Hdr,
    IPv6Address,
    Ipv6ExtensionHdr,
    Ipv6FragmentHdr,
    Ipv6Hdr,
)
from osmia.packets.layers import Addresses, Layer, Layers, PayloadLayer, in_range, internet_checksum

__all__ = ["destination_options", "fragment", "fragment_header", "hop_by_hop", "ipv4", "ipv6", "routing"]

EXPERIMENT = IpProtocol(253)
"""What announces a payload of no known protocol (RFC 3692)."""


def ipv4(
    *,
    src: str | IPv4Address = "192.0.2.1",
    dst: str | IPv4Address = "192.0.2.2",
    protocol: IpProtocol | None = None,
    ttl: int = 64,
    tos: int = 0,
    identification: int = 0,
    dont_fragment: bool = False,
    more_fragments: bool = False,
    fragment_offset: int = 0,
    options: bytes = b"",
    total_length: int | None = None,
    checksum: int | None = None,
) -> Layers:
    """An IPv4 header.

    `options` are padded to a multiple of 4 bytes, `fragment_offset` counts units of 8 bytes. The
    protocol follows from what is inside; a total length or checksum that is given stands as it is.
    """
    if len(options) > 40:
        raise UsageError(f"{len(options)} bytes of IPv4 options do not fit", "give at most 40")
    flags = dont_fragment << 14 | more_fragments << 13 | in_range("fragment_offset", fragment_offset, 13)
    padded = options.ljust((len(options) + 3) // 4 * 4, b"\0")
    header = Ipv4Hdr(
        version_ihl=u8(0x40 | 5 + len(padded) // 4),
        tos=u8(in_range("tos", tos, 8)),
        total_length=be16(0),
        identification=be16(in_range("identification", identification, 16)),
        flags_fragment=be16(flags),
        ttl=u8(in_range("ttl", ttl, 8)),
        protocol=EXPERIMENT,
        checksum=be16(0),
        src_addr=IPv4Address(src),
        dst_addr=IPv4Address(dst),
    )
    length = None if total_length is None else in_range("total_length", total_length, 16)
    check = None if checksum is None else in_range("checksum", checksum, 16)
    return Layers((_Ipv4Layer(encode(Ipv4Hdr, header) + padded, protocol, length, check),))


def ipv6(
    *,
    src: str | IPv6Address = "2001:db8::1",
    dst: str | IPv6Address = "2001:db8::2",
    next_header: IpProtocol | None = None,
    hop_limit: int = 64,
    traffic_class: int = 0,
    flow_label: int = 0,
    payload_length: int | None = None,
) -> Layers:
    """An IPv6 header.

    The next header follows from what is inside; a payload length that is given stands as it is.
    """
    first_word = (
        6 << 28 | in_range("traffic_class", traffic_class, 8) << 20 | in_range("flow_label", flow_label, 20)
    )
    header = Ipv6Hdr(
        version_class_flow=be32(first_word),
        payload_length=be16(0),
        next_header=EXPERIMENT,
        hop_limit=u8(in_range("hop_limit", hop_limit, 8)),
        src_addr=IPv6Address(src) if isinstance(src, str) else src,
        dst_addr=IPv6Address(dst) if isinstance(dst, str) else dst,
    )
    length = None if payload_length is None else in_range("payload_length", payload_length, 16)
    return Layers((_Ipv6Layer(encode(Ipv6Hdr, header), next_header, length),))


def hop_by_hop(options: bytes = b"", *, next_header: IpProtocol | None = None) -> Layers:
    """A hop-by-hop options header (RFC 8200, 4.3), filled up to a multiple of 8 bytes."""
    return Layers((_ExtensionLayer(IpProtocol.HOP_BY_HOP, _padded_options(options), next_header),))


def destination_options(options: bytes = b"", *, next_header: IpProtocol | None = None) -> Layers:
    """A destination options header (RFC 8200, 4.6), filled up as `hop_by_hop`."""
    return Layers((_ExtensionLayer(IpProtocol.DESTINATION_OPTIONS, _padded_options(options), next_header),))


def routing(
    data: bytes = bytes(4),
    *,
    routing_type: int = 0,
    segments_left: int = 0,
    next_header: IpProtocol | None = None,
) -> Layers:
    """A routing header (RFC 8200, 4.4); `data` is what follows its first four bytes."""
    if (len(data) + 4) % 8:
        raise UsageError(f"{len(data)} bytes of routing data leave the header ragged", "give 8 * n + 4 bytes")
    content = (
        bytes([in_range("routing_type", routing_type, 8), in_range("segments_left", segments_left, 8)]) + data
    )
    return Layers((_ExtensionLayer(IpProtocol.ROUTING, content, next_header),))


def fragment_header(
    *,
    fragment_offset: int = 0,
    more_fragments: bool = False,
    identification: int = 0,
    next_header: IpProtocol | None = None,
) -> Layers:
    """A fragment header (RFC 8200, 4.5); `fragment_offset` counts units of 8 bytes."""
    return Layers(
        (
            _FragmentLayer(
                in_range("fragment_offset", fragment_offset, 13),
                more_fragments,
                in_range("identification", identification, 32),
                next_header,
            ),
        )
    )


def fragment(packet: Layers, payload_size: int, *, identification: int = 1) -> list[Layers]:
    """Cut a packet into fragments of at most `payload_size` bytes behind its innermost IPv4 or IPv6 header.

    The size is a multiple of 8. Checksums inside are those of the whole packet. IPv6
    hop-by-hop and routing headers stay in front of each fragment header.
    """
    if payload_size < 8 or payload_size % 8:
        raise UsageError(f"fragments of {payload_size} bytes are not possible", "take a multiple of 8")
    positions = [i for i, layer in enumerate(packet.layers) if isinstance(layer, (_Ipv4Layer, _Ipv6Layer))]
    if not positions:
        raise UsageError("the packet has no IP header to be fragmented behind")
    start = positions[-1] + 1
    if isinstance(packet.layers[start - 1], _Ipv6Layer):
        while start < len(packet.layers) and packet.layers[start].protocol in (
            IpProtocol.HOP_BY_HOP,
            IpProtocol.ROUTING,
        ):
            start += 1
    outer, inner = packet.layers[:start], packet.layers[start:]
    whole = bytes(packet)
    data = whole[len(bytes(Layers(outer))) :]
    protocol = _announced(None, inner[0] if inner else None)
    fragments: list[Layers] = []
    for offset in range(0, max(len(data), 1), payload_size):
        part = data[offset : offset + payload_size]
        more = offset + payload_size < len(data)
        fragments.append(_fragment_of(outer, part, offset // 8, more, identification, protocol))
    return fragments


def _fragment_of(
    outer: tuple[Layer, ...], part: bytes, offset: int, more: bool, identification: int, protocol: IpProtocol
) -> Layers:
    last = outer[-1]
    if isinstance(last, _Ipv4Layer):
        return Layers(
            (*outer[:-1], last.as_fragment(offset, more, identification, protocol), PayloadLayer(part))
        )
    header = fragment_header(
        fragment_offset=offset, more_fragments=more, identification=identification, next_header=protocol
    )
    return Layers(outer) / header / part


@dataclass(frozen=True, slots=True)
class _Ipv4Layer(Layer):
    header: bytes
    """With its options; lengths and checksum are still zero."""
    given_protocol: IpProtocol | None
    given_length: int | None
    given_checksum: int | None

    @property
    def ether_type(self) -> EtherType:
        return EtherType.IPV4

    @property
    def protocol(self) -> IpProtocol:
        return IpProtocol(4)

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.header[12:16], self.header[16:20])

    def as_fragment(self, offset: int, more: bool, identification: int, protocol: IpProtocol) -> _Ipv4Layer:
        header = MemoryCodec(Ipv4Hdr).decode(self.header[:20])
        header.identification = be16(in_range("identification", identification, 16))
        header.flags_fragment = be16(more << 13 | in_range("fragment_offset", offset, 13))
        changed = encode(Ipv4Hdr, header) + self.header[20:]
        return dataclasses.replace(self, header=changed, given_protocol=protocol)

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        data = bytearray(self.header)
        length = len(data) + len(inside) if self.given_length is None else self.given_length
        data[2:4] = in_range("total_length", length, 16).to_bytes(2, "big")
        data[9] = int(_announced(self.given_protocol, inner))
        checksum = internet_checksum(bytes(data)) if self.given_checksum is None else self.given_checksum
        data[10:12] = checksum.to_bytes(2, "big")
        return bytes(data) + inside


@dataclass(frozen=True, slots=True)
class _Ipv6Layer(Layer):
    header: bytes
    given_next: IpProtocol | None
    given_length: int | None

    @property
    def ether_type(self) -> EtherType:
        return EtherType.IPV6

    @property
    def protocol(self) -> IpProtocol:
        return IpProtocol(41)

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.header[8:24], self.header[24:40])

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        data = bytearray(self.header)
        length = len(inside) if self.given_length is None else self.given_length
        data[4:6] = in_range("payload_length", length, 16).to_bytes(2, "big")
        data[6] = int(_announced(self.given_next, inner))
        return bytes(data) + inside


@dataclass(frozen=True, slots=True)
class _ExtensionLayer(Layer):
    own: IpProtocol
    content: bytes
    given_next: IpProtocol | None

    @property
    def protocol(self) -> IpProtocol:
        return self.own

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        units = (len(self.content) + 2) // 8 - 1
        header = Ipv6ExtensionHdr(
            next_header=_announced(self.given_next, inner),
            length_units=u8(in_range("length of the extension header", units, 8)),
        )
        return encode(Ipv6ExtensionHdr, header) + self.content + inside


@dataclass(frozen=True, slots=True)
class _FragmentLayer(Layer):
    offset: int
    more: bool
    identification: int
    given_next: IpProtocol | None

    @property
    def protocol(self) -> IpProtocol:
        return IpProtocol.FRAGMENT

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        header = Ipv6FragmentHdr(
            next_header=_announced(self.given_next, inner),
            reserved=u8(0),
            offset_flags=be16(self.offset << 3 | self.more),
            identification=be32(self.identification),
        )
        return encode(Ipv6FragmentHdr, header) + inside


def _announced(given: IpProtocol | None, inner: Layer | None) -> IpProtocol:
    announced = given if given is not None or inner is None else inner.protocol
    return EXPERIMENT if announced is None else announced


def _padded_options(options: bytes) -> bytes:
    """The options with Pad1 or PadN behind them (RFC 8200, 4.2), to fill units of 8 bytes."""
    missing = -(len(options) + 2) % 8
    if missing == 1:
        return options + b"\0"
    return options + (bytes([1, missing - 2]) + bytes(missing - 2) if missing else b"")
