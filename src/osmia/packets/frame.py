"""What both capture formats stand on: a frame, and a stream read in bounded pieces."""

from __future__ import annotations

from typing import BinaryIO

from osmia.dataclass import dataclass
from osmia.errors import MalformedError, NotSupportedError

__all__ = ["ETHERNET", "MAXIMUM_FRAME", "ByteSource", "Frame", "require_ethernet"]

ETHERNET = 1
"""LINKTYPE_ETHERNET."""

MAXIMUM_FRAME = 262_144
"""Most bytes of one frame, as in libpcap (MAXIMUM_SNAPLEN)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A captured frame."""

    timestamp_ns: int
    """Nanoseconds since 1970, UTC."""
    data: bytes
    """The frame from its Ethernet header on, or only its beginning."""
    original_length: int
    """Bytes of the frame on the wire."""


class ByteSource:
    """A stream that is read in full or not at all, and knows how far it is."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.offset = 0
        """Bytes read so far."""

    def read(self, size: int, what: str) -> bytes:
        """Exactly `size` bytes; MalformedError where the capture ends before."""
        data = self.read_or_end(size, what)
        if not data and size:
            raise MalformedError("capture", f"it ends where {what} should be", self.offset)
        return data

    def read_or_end(self, size: int, what: str) -> bytes:
        """Exactly `size` bytes, or none where the capture is at its end."""
        data = b""
        while len(data) < size:
            chunk = self._stream.read(size - len(data))
            if not chunk:
                break
            data += chunk
        if data and len(data) < size:
            raise MalformedError(
                "capture", f"it ends inside {what}, after {len(data)} of {size} bytes", self.offset
            )
        self.offset += len(data)
        return data

    def skip(self, size: int, what: str) -> None:
        """Read over `size` bytes."""
        while size:
            size -= len(self.read(min(size, 65_536), what))


def require_ethernet(link_type: int) -> None:
    """NotSupportedError for frames that do not start with an Ethernet header."""
    if link_type != ETHERNET:
        raise NotSupportedError(
            f"a capture of link type {link_type}", needs=f"Ethernet, link type {ETHERNET}"
        )
