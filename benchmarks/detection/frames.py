"""Frames made quickly, for captures of millions of them; their checksums are zero."""

from __future__ import annotations

import ipaddress
import struct
from functools import cache

from osmia.monitor.feed import CapturedFrame
from osmia.monitor.records import CaptureWay

SYN, ACK, PSH_ACK, FIN_ACK, SYN_ACK, RST, RST_ACK = 0x02, 0x10, 0x18, 0x11, 0x12, 0x04, 0x14

_ETHERNET = bytes.fromhex("020000000001020000000002")
_IPV4 = struct.Struct(">BBHHHBBH4s4s")
_IPV6 = struct.Struct(">IHBB16s16s")
_TCP = struct.Struct(">HHIIBBHHH")
_UDP = struct.Struct(">HHHH")
_OPTIONS = bytes.fromhex("020405b40402080a0000000000000000010303070000000000000000")[:20]
SYSTEM_SYN_HEADER = 40


def tcp_frame(
    at: float, src: str, dst: str, sport: int, dport: int, flags: int, size: int = 0
) -> CapturedFrame:
    """A TCP segment with `size` bytes of data; a SYN has the options of an operating system."""
    options = _OPTIONS if flags & SYN else b""
    header = _TCP.pack(sport, dport, 1, 1, (20 + len(options)) // 4 << 4, flags, 64_240, 0, 0)
    return _frame(at, src, dst, 6, header + options, size)


def udp_frame(at: float, src: str, dst: str, sport: int, dport: int, size: int = 40) -> CapturedFrame:
    """A datagram with `size` bytes of data."""
    return _frame(at, src, dst, 17, _UDP.pack(sport, dport, 8 + size, 0), size)


@cache
def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def _frame(at: float, src: str, dst: str, protocol: int, header: bytes, size: int) -> CapturedFrame:
    source, destination = _packed(src), _packed(dst)
    length = len(header) + size
    if len(source) == 4:
        ip = b"\x08\x00" + _IPV4.pack(0x45, 0, 20 + length, 0, 0x4000, 64, protocol, 0, source, destination)
    else:
        ip = b"\x86\xdd" + _IPV6.pack(0x60000000, length, protocol, 64, source, destination)
    data = _ETHERNET + ip + header
    return CapturedFrame(round(at * 1e9), data, max(len(data) + size, 60), CaptureWay.BOTH)
