"""Ethernet and VLAN headers (IEEE 802.3, 802.1Q), and ARP (RFC 826)."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from osmia.lang import Array, be16, struct, u8, u16, u32
from osmia.net.addresses import IPv4Address, MacAddress

__all__ = ["ArpHdr", "EthHdr", "EtherType", "VlanHdr"]


class EtherType(be16, Enum):
    """What follows an Ethernet or VLAN header."""

    IPV4 = 0x0800
    ARP = 0x0806
    VLAN = 0x8100
    IPV6 = 0x86DD
    QINQ = 0x88A8


@struct
class EthHdr:
    """The Ethernet header, 14 bytes."""

    dst_addr: MacAddress
    src_addr: MacAddress
    ether_type: EtherType


@struct
class VlanHdr:
    """An 802.1Q tag behind the Ethernet addresses and the tag's own type, 4 bytes."""

    control: be16
    ether_type: EtherType

    @property
    def vlan_id(self) -> u16:
        """The VLAN, 0 to 4095."""
        return u16(self.control) & 0xFFF


@struct
class ArpHdr:
    """An ARP message for IPv4 over Ethernet, 28 bytes.

    Its IPv4 addresses lie on odd multiples of 2 bytes, so the fields hold them as two words each.
    """

    hardware_type: be16
    protocol_type: EtherType
    hardware_length: u8
    protocol_length: u8
    operation: be16
    sender_mac: MacAddress
    sender_words: Array[be16, Literal[2]]
    target_mac: MacAddress
    target_words: Array[be16, Literal[2]]

    @property
    def sender_addr(self) -> IPv4Address:
        """The IPv4 address of who sends the message."""
        return IPv4Address(u32(self.sender_words[0]) << 16 | u32(self.sender_words[1]))

    @property
    def target_addr(self) -> IPv4Address:
        """The IPv4 address that is asked for, or answered."""
        return IPv4Address(u32(self.target_words[0]) << 16 | u32(self.target_words[1]))
