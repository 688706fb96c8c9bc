"""Addresses between the kernel's mapped form and Python's."""

from __future__ import annotations

import ipaddress

from osmia.monitor.model import Address, Network
from osmia.net import IPv6Address

__all__ = ["address_from_kernel", "address_from_text", "network_from_text", "prefix_for_kernel"]

MAPPED = bytes(10) + b"\xff\xff"
IPV4_OFFSET = 96


def address_from_kernel(packed: bytes) -> Address:
    """An address from the 16 bytes of a map key."""
    if packed.startswith(MAPPED):
        return ipaddress.IPv4Address(packed[12:])
    return ipaddress.IPv6Address(packed)


def prefix_for_kernel(network: Network) -> tuple[IPv6Address, int]:
    """The key of a network in the block and allow lists."""
    if isinstance(network, ipaddress.IPv4Network):
        packed = MAPPED + network.network_address.packed
        return IPv6Address.from_bytes(packed), network.prefixlen + IPV4_OFFSET
    return IPv6Address.from_bytes(network.network_address.packed), network.prefixlen


def address_from_text(text: str) -> Address:
    """An address; an IPv4-mapped one is the IPv4 address that it stands for. ValueError otherwise."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network_from_text(text: str) -> Network:
    """An address or CIDR network; host bits are cut off. ValueError for anything else."""
    network = ipaddress.ip_network(text.strip(), strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= IPV4_OFFSET:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - IPV4_OFFSET))
    return network
