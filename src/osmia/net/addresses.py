"""Addresses: types of their own that print themselves."""

from __future__ import annotations

import re
from typing import Literal, Self, SupportsIndex

from osmia.lang import Array, be32, u8

__all__ = ["IPv4Address", "IPv6Address", "MacAddress", "v4_mapped"]


class IPv4Address(be32):
    """An IPv4 address, as it lies in a packet. User code may give it as text."""

    __slots__ = ()

    def __new__(cls, value: SupportsIndex | str = 0) -> Self:
        """From a number or from dotted text; ValueError for text that is no address."""
        if not isinstance(value, str):
            return cls.wrapped(value.__index__())
        import ipaddress  # noqa: PLC0415 - not for a start

        return cls.wrapped(int(ipaddress.IPv4Address(value)))

    def __str__(self) -> str:
        return ".".join(map(str, int(self).to_bytes(4, "big")))


class IPv6Address(Array[be32, Literal[4]]):
    """An IPv6 address, as four words in network order. User code may give it as text."""

    __slots__ = ()

    def __init__(self, *words: be32 | str) -> None:
        """From four words, from text, or zero; ValueError for text that is no address."""
        if len(words) == 1 and isinstance(words[0], str):
            import ipaddress  # noqa: PLC0415 - not for a start

            packed = ipaddress.IPv6Address(words[0]).packed
            words = tuple(be32.from_bytes(packed[start : start + 4]) for start in range(0, 16, 4))
        super().__init__(*(be32(word) for word in words if not isinstance(word, str)))

    def __str__(self) -> str:
        """In the shortest form of RFC 5952, which for a mapped IPv4 address ends in dots."""
        import ipaddress  # noqa: PLC0415 - not for a start

        address = ipaddress.IPv6Address(bytes(self))
        return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)


class MacAddress(Array[u8, Literal[6]]):
    """An Ethernet address. User code may give it as text."""

    __slots__ = ()

    def __init__(self, *octets: u8 | str) -> None:
        """From six numbers, from text such as "02:00:00:00:00:07", or zero; ValueError for other text."""
        if len(octets) == 1 and isinstance(octets[0], str):
            text = octets[0]
            if not re.fullmatch("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", text):
                raise ValueError(f"{text!r} is no Ethernet address")
            octets = tuple(u8(octet) for octet in bytes.fromhex(text.replace(":", "")))
        super().__init__(*(octet for octet in octets if not isinstance(octet, str)))

    def __str__(self) -> str:
        return bytes(self).hex(":")


def v4_mapped(address: IPv4Address) -> IPv6Address:
    """The IPv4-mapped form ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one map holds both families."""
    return IPv6Address(be32(0), be32(0), be32(0xFFFF), be32(address))
