"""Reading pcapng: sections, interfaces, enhanced and simple packet blocks (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct as Packer
from typing import Literal

from osmia.dataclass import dataclass
from osmia.errors import MalformedError, NotSupportedError
from osmia.packets.frame import MAXIMUM_FRAME, ByteSource, Frame, require_ethernet

__all__ = ["SECTION_HEADER", "read_pcapng"]

SECTION_HEADER = bytes.fromhex("0a0d0d0a")
"""The first four bytes of a pcapng file, the same in both byte orders."""

ByteOrder = Literal["little", "big"]
BYTE_ORDERS: dict[bytes, ByteOrder] = {
    bytes.fromhex("4d3c2b1a"): "little",
    bytes.fromhex("1a2b3c4d"): "big",
}
"""The byte-order magic, by how it was written."""

INTERFACE_DESCRIPTION = 1
OBSOLETE_PACKET = 2
SIMPLE_PACKET = 3
ENHANCED_PACKET = 6

OPTION_END = 0
OPTION_TIME_RESOLUTION = 9
OPTION_TIME_OFFSET = 14

MAXIMUM_BLOCK = MAXIMUM_FRAME + 65_536
"""Most bytes of a block that is read as a whole; blocks of other types, of any length, are read over."""

MAXIMUM_INTERFACES = 65_536


@dataclass(frozen=True, slots=True)
class _Interface:
    link_type: int
    snap_length: int
    """Bytes kept of each frame; 0 for all."""
    ticks_per_second: int
    offset_seconds: int

    def timestamp_ns(self, ticks: int) -> int:
        return self.offset_seconds * 1_000_000_000 + ticks * 1_000_000_000 // self.ticks_per_second


def read_pcapng(source: ByteSource) -> Iterator[Frame]:
    """The frames of a pcapng stream whose first four bytes were read.

    A simple packet block has no time: it gets that of the frame before it, at first 0.
    """
    first = _Section(source)
    return _frames(source, first)


def _frames(source: ByteSource, section: _Section) -> Iterator[Frame]:
    latest_ns = 0
    while block_type := source.read_or_end(4, "a block type"):
        if block_type == SECTION_HEADER:
            section = _Section(source)
            continue
        number = section.number(block_type)
        if number == INTERFACE_DESCRIPTION:
            section.add_interface()
        elif number == ENHANCED_PACKET:
            frame = section.enhanced_packet()
            latest_ns = frame.timestamp_ns
            yield frame
        elif number == SIMPLE_PACKET:
            yield section.simple_packet(latest_ns)
        elif number == OBSOLETE_PACKET:
            raise NotSupportedError(
                "a packet block of type 2 (pcapng drafts before 2004)", needs="rewriting it as type 6"
            )
        else:
            section.skip_block()


class _Section:
    """One section: its byte order and its interfaces. Made after the section's block type was read."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._interfaces: list[_Interface] = []
        start = source.offset - 4
        raw_length = source.read(4, "a block length")
        magic = source.read(4, "the byte-order magic")
        order = BYTE_ORDERS.get(magic)
        if order is None:
            raise MalformedError("capture", f"{magic.hex()} is no byte-order magic", start + 8)
        self._order: ByteOrder = order
        self._mark = "<" if order == "little" else ">"
        length = self.number(raw_length)
        if length < 28 or length % 4:
            raise MalformedError("capture", f"a section header of {length} bytes", start + 4)
        major = self.number(source.read(4, "a section header")[:2])
        if major != 1:
            raise MalformedError("capture", f"version {major} of pcapng is unknown", start + 12)
        source.skip(length - 20, "a section header")
        self._end(length)

    def number(self, data: bytes) -> int:
        """An unsigned number in the section's byte order."""
        return int.from_bytes(data, self._order)

    def add_interface(self) -> None:
        """Read an interface description block."""
        start, body = self._block()
        if len(body) < 8:
            raise MalformedError("capture", "an interface description that is too short", start)
        if len(self._interfaces) >= MAXIMUM_INTERFACES:
            raise MalformedError("capture", f"more than {MAXIMUM_INTERFACES} interfaces in a section", start)
        options = self._options(body, 8, start)
        resolution = options.get(OPTION_TIME_RESOLUTION, b"\x06")
        offset = options.get(OPTION_TIME_OFFSET, bytes(8))
        if len(resolution) != 1 or len(offset) != 8:
            raise MalformedError("capture", "an interface option of the wrong length", start)
        exponent = resolution[0] & 0x7F
        self._interfaces.append(
            _Interface(
                link_type=self.number(body[0:2]),
                snap_length=self.number(body[4:8]),
                ticks_per_second=2**exponent if resolution[0] & 0x80 else 10**exponent,
                offset_seconds=int.from_bytes(offset, self._order, signed=True),
            )
        )

    def enhanced_packet(self) -> Frame:
        """Read an enhanced packet block."""
        start, body = self._block()
        header = Packer(self._mark + "IIIII")
        if len(body) < header.size:
            raise MalformedError("capture", "a packet block that is too short", start)
        index, high, low, captured, original = header.unpack_from(body)
        interface = self._interface(index, start)
        data = self._frame(body, header.size, captured, start)
        return Frame(interface.timestamp_ns(high << 32 | low), data, max(original, captured))

    def simple_packet(self, timestamp_ns: int) -> Frame:
        """Read a simple packet block: of interface 0, cut at its snap length, without a time."""
        start, body = self._block()
        if len(body) < 4:
            raise MalformedError("capture", "a packet block that is too short", start)
        original = self.number(body[:4])
        interface = self._interface(0, start)
        captured = min(original, interface.snap_length or original)
        return Frame(timestamp_ns, self._frame(body, 4, captured, start), original)

    def skip_block(self) -> None:
        """Read over a block of another type."""
        length = self._length()
        self._source.skip(length - 12, "a block")
        self._end(length)

    def _interface(self, index: int, start: int) -> _Interface:
        if index >= len(self._interfaces):
            raise MalformedError(
                "capture", f"a frame of interface {index}, which is not described before it", start
            )
        interface = self._interfaces[index]
        require_ethernet(interface.link_type)
        return interface

    def _frame(self, body: bytes, at: int, captured: int, start: int) -> bytes:
        if captured > MAXIMUM_FRAME:
            raise MalformedError(
                "capture", f"a frame of {captured} bytes; {MAXIMUM_FRAME} are the most", start
            )
        if at + captured > len(body):
            raise MalformedError("capture", f"a frame of {captured} bytes in a block of {len(body)}", start)
        return body[at : at + captured]

    def _options(self, body: bytes, at: int, start: int) -> dict[int, bytes]:
        options: dict[int, bytes] = {}
        while at + 4 <= len(body):
            code, length = self.number(body[at : at + 2]), self.number(body[at + 2 : at + 4])
            if code == OPTION_END:
                break
            if at + 4 + length > len(body):
                raise MalformedError("capture", f"an option of {length} bytes that leaves its block", start)
            options[code] = body[at + 4 : at + 4 + length]
            at += 4 + (length + 3) // 4 * 4
        return options

    def _block(self) -> tuple[int, bytes]:
        """Where a block starts, and all between its two lengths."""
        start = self._source.offset - 4
        length = self._length()
        if length > MAXIMUM_BLOCK:
            raise MalformedError("capture", f"a block of {length} bytes; {MAXIMUM_BLOCK} are the most", start)
        body = self._source.read(length - 12, "a block")
        self._end(length)
        return start, body

    def _length(self) -> int:
        at = self._source.offset
        length = self.number(self._source.read(4, "a block length"))
        if length < 12 or length % 4:
            raise MalformedError("capture", f"a block of {length} bytes", at)
        return length

    def _end(self, length: int) -> None:
        at = self._source.offset
        repeated = self.number(self._source.read(4, "the end of a block"))
        if repeated != length:
            raise MalformedError(
                "capture", f"a block of {length} bytes that ends with the length {repeated}", at
            )
