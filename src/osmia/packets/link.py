"""Builders of the link layer: Ethernet, VLAN tags, ARP."""

from __future__ import annotations

from typing import Literal

from osmia.dataclass import dataclass
from osmia.errors import UsageError
from osmia.lang import Array, be16, u8
from osmia.lang.memory import encode
from osmia.net import ArpHdr, EtherType, EthHdr, IPv4Address, MacAddress, VlanHdr
from osmia.packets.layers import Addresses, Layer, Layers, in_range

__all__ = ["arp", "ethernet", "vlan"]

LOCAL_EXPERIMENTAL = EtherType(0x88B5)
"""What announces a payload of no known type (IEEE 802, local experimental EtherType 1)."""

SOURCE_MAC = "02:00:00:00:00:01"
DESTINATION_MAC = "02:00:00:00:00:02"


def ethernet(
    *,
    src: str | MacAddress = SOURCE_MAC,
    dst: str | MacAddress = DESTINATION_MAC,
    ether_type: EtherType | None = None,
    minimum_length: int = 0,
) -> Layers:
    """An Ethernet header; its type follows from what is inside.

    A frame shorter than `minimum_length` bytes is padded with zeros, as a network card pads to 60.
    """
    return Layers((_EthernetLayer(_mac(src), _mac(dst), ether_type, minimum_length),))


def vlan(
    *,
    vlan_id: int = 0,
    priority: int = 0,
    drop_eligible: bool = False,
    tag_type: EtherType = EtherType.VLAN,
    ether_type: EtherType | None = None,
) -> Layers:
    """A VLAN tag; `tag_type` is how it is announced, EtherType.QINQ for an outer one of two."""
    control = in_range("priority", priority, 3) << 13 | drop_eligible << 12 | in_range("vlan_id", vlan_id, 12)
    return Layers((_VlanLayer(control, tag_type, ether_type),))


def arp(
    *,
    operation: int = 1,
    sender: str | IPv4Address = "192.0.2.1",
    target: str | IPv4Address = "192.0.2.2",
    sender_mac: str | MacAddress = SOURCE_MAC,
    target_mac: str | MacAddress = "00:00:00:00:00:00",
) -> Layers:
    """An ARP message for IPv4 over Ethernet (RFC 826): operation 1 asks, 2 answers."""
    header = ArpHdr(
        hardware_type=be16(1),
        protocol_type=EtherType.IPV4,
        hardware_length=u8(6),
        protocol_length=u8(4),
        operation=be16(in_range("operation", operation, 16)),
        sender_mac=_mac(sender_mac),
        sender_words=_words(sender),
        target_mac=_mac(target_mac),
        target_words=_words(target),
    )
    return Layers((_ArpLayer(header),))


@dataclass(frozen=True, slots=True)
class _EthernetLayer(Layer):
    src: MacAddress
    dst: MacAddress
    type: EtherType | None
    minimum_length: int

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        header = EthHdr(dst_addr=self.dst, src_addr=self.src, ether_type=_announced(self.type, inner))
        return (encode(EthHdr, header) + inside).ljust(self.minimum_length, b"\0")


@dataclass(frozen=True, slots=True)
class _VlanLayer(Layer):
    control: int
    tag_type: EtherType
    type: EtherType | None

    @property
    def ether_type(self) -> EtherType:
        return self.tag_type

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        header = VlanHdr(control=be16(self.control), ether_type=_announced(self.type, inner))
        return encode(VlanHdr, header) + inside


@dataclass(frozen=True, slots=True)
class _ArpLayer(Layer):
    header: ArpHdr

    @property
    def ether_type(self) -> EtherType:
        return EtherType.ARP

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        return encode(ArpHdr, self.header) + inside


def _announced(given: EtherType | None, inner: Layer | None) -> EtherType:
    announced = given if given is not None or inner is None else inner.ether_type
    return LOCAL_EXPERIMENTAL if announced is None else announced


def _words(address: str | IPv4Address) -> Array[be16, Literal[2]]:
    number = int(IPv4Address(address))
    return Array[be16, Literal[2]](be16(number >> 16), be16(number))


def _mac(address: str | MacAddress) -> MacAddress:
    if isinstance(address, MacAddress):
        return address
    parts = address.split(":")
    try:
        octets = [int(part, 16) for part in parts]
        if len(octets) == 6 and all(len(part) == 2 for part in parts):
            return MacAddress(*(u8(octet) for octet in octets))
    except ValueError:
        pass
    raise UsageError(f"{address!r} is no Ethernet address", 'write it as "02:00:00:00:00:01"')
