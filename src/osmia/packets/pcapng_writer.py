"""Writing pcapng: one section, enhanced packet blocks with comments (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

from struct import pack
from typing import BinaryIO

from osmia.errors import UsageError
from osmia.packets.frame import ETHERNET, MAXIMUM_FRAME, Frame

__all__ = ["PcapngWriter"]

SECTION_HEADER, INTERFACE_DESCRIPTION, ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
BYTE_ORDER_MAGIC = 0x1A2B3C4D
LENGTH_UNKNOWN = -1
OPTION_COMMENT, OPTION_NAME, OPTION_FLAGS, OPTION_TIME_RESOLUTION = 1, 2, 2, 9
NANOSECONDS = bytes([9])
INBOUND, OUTBOUND = 1, 2
MAXIMUM_COMMENT = 60_000


class PcapngWriter:
    """Writes frames to a stream, in nanoseconds. Interfaces are described before their frames.

    Raises OSError where the stream does.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._interfaces = 0
        self.bytes_written = 0
        self._write(SECTION_HEADER, pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, LENGTH_UNKNOWN))

    def add_interface(self, name: str) -> int:
        """Describe an interface (Ethernet); its number, for `write`."""
        head = pack("<HHI", ETHERNET, 0, MAXIMUM_FRAME)
        options = _option(OPTION_NAME, name.encode()) + _option(OPTION_TIME_RESOLUTION, NANOSECONDS)
        self._write(INTERFACE_DESCRIPTION, head + options + bytes(4))
        self._interfaces += 1
        return self._interfaces - 1

    def write(
        self, frame: Frame, interface: int = 0, *, comment: str = "", outbound: bool | None = None
    ) -> None:
        """Write a frame. Raises UsageError for an interface that was not described, or a frame too long."""
        if not 0 <= interface < self._interfaces:
            raise UsageError(f"interface {interface} was not described", "call add_interface() first")
        if len(frame.data) > MAXIMUM_FRAME:
            raise UsageError(f"a frame of {len(frame.data)} bytes; {MAXIMUM_FRAME} are the most")
        time = frame.timestamp_ns
        head = pack(
            "<IIIII", interface, time >> 32, time & 0xFFFF_FFFF, len(frame.data), frame.original_length
        )
        options = b""
        if comment:
            options += _option(OPTION_COMMENT, comment.encode()[:MAXIMUM_COMMENT])
        if outbound is not None:
            options += _option(OPTION_FLAGS, pack("<I", OUTBOUND if outbound else INBOUND))
        self._write(ENHANCED_PACKET, head + _padded(frame.data) + options + (bytes(4) if options else b""))

    def _write(self, kind: int, body: bytes) -> None:
        length = len(body) + 12
        self._stream.write(pack("<II", kind, length) + body + pack("<I", length))
        self.bytes_written += length


def _option(code: int, value: bytes) -> bytes:
    return pack("<HH", code, len(value)) + _padded(value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
