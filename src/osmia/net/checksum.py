"""The Internet checksum of a header whose fields change: no need to sum the packet up again (RFC 1624).

Written in the public language: a program calls these, and so does a test.
"""

from __future__ import annotations

from osmia.lang import be16, be32, u16, u32

__all__ = ["replace_in_checksum", "replace_word_in_checksum"]


def replace_in_checksum(checksum: be16, old: be16, new: be16) -> be16:
    """The checksum of a header after one of its 16-bit fields changed: HC' = ~(~HC + ~m + m').

    For the checksum of UDP over IPv4, 0 means none: leave that alone, and store 0xffff where 0 comes out.
    Fields of 8 bits are replaced together with their neighbour.

        tcp.checksum = replace_in_checksum(tcp.checksum, tcp.dst_port, port)
        tcp.dst_port = port
    """
    total = u32(u16(checksum) ^ 0xFFFF) + u32(u16(old) ^ 0xFFFF) + u32(u16(new))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return be16(u16(total) ^ 0xFFFF)


def replace_word_in_checksum(checksum: be16, old: be32, new: be32) -> be16:
    """The same for a field of 32 bits: an address, in the header of IPv4 or in the pseudo header.

    ip.checksum = replace_word_in_checksum(ip.checksum, be32(ip.dst_addr), be32(backend))
    """
    before, after = u32(old), u32(new)
    total = u32(u16(checksum) ^ 0xFFFF)
    total = total + ((before >> 16) ^ 0xFFFF) + ((before & 0xFFFF) ^ 0xFFFF)
    total = total + (after >> 16) + (after & 0xFFFF)
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return be16(u16(total) ^ 0xFFFF)
