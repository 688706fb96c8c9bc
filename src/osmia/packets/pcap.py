"""The classic pcap format, both byte orders, micro- and nanoseconds (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct as Packer
from typing import BinaryIO, Literal, NamedTuple

from osmia.errors import MalformedError, UsageError
from osmia.packets.frame import ETHERNET, MAXIMUM_FRAME, ByteSource, Frame, require_ethernet

__all__ = ["PCAP_MAGICS", "PcapForm", "PcapWriter", "read_pcap"]

MICROSECONDS = 0xA1B2C3D4
NANOSECONDS = 0xA1B23C4D


class PcapForm(NamedTuple):
    """How numbers are written in a pcap file, and nanoseconds in the small unit of its timestamps."""

    byte_order: Literal["little", "big"]
    unit_ns: int


PCAP_MAGICS = {
    MICROSECONDS.to_bytes(4, "little"): PcapForm("little", 1000),
    MICROSECONDS.to_bytes(4, "big"): PcapForm("big", 1000),
    NANOSECONDS.to_bytes(4, "little"): PcapForm("little", 1),
    NANOSECONDS.to_bytes(4, "big"): PcapForm("big", 1),
}
"""The first four bytes of a pcap file."""


def _record_header(form: PcapForm) -> Packer:
    """Seconds, small units, bytes captured, bytes on the wire."""
    return Packer(("<" if form.byte_order == "little" else ">") + "IIII")


def _file_header(form: PcapForm) -> Packer:
    """Major and minor version, two unused words, bytes kept of each frame, link type with flags above."""
    return Packer(("<" if form.byte_order == "little" else ">") + "HHIIII")


def read_pcap(source: ByteSource, form: PcapForm) -> Iterator[Frame]:
    """The frames of a pcap stream whose magic number was read."""
    header = _file_header(form)
    major, _, _, _, _, link_type = header.unpack(source.read(header.size, "the file header"))
    if major != 2:
        raise MalformedError("capture", f"version {major} of pcap is unknown", 4)
    require_ethernet(link_type & 0xFFFF)
    return _frames(source, form)


def _frames(source: ByteSource, form: PcapForm) -> Iterator[Frame]:
    header = _record_header(form)
    while data := source.read_or_end(header.size, "a record header"):
        seconds, fraction, captured, original = header.unpack(data)
        if captured > MAXIMUM_FRAME:
            at = source.offset - header.size
            raise MalformedError("capture", f"a frame of {captured} bytes; {MAXIMUM_FRAME} are the most", at)
        timestamp = seconds * 1_000_000_000 + fraction * form.unit_ns
        yield Frame(timestamp, source.read(captured, "a frame"), max(original, captured))


class PcapWriter:
    """Writes frames to a stream as a pcap file. Timestamps reach from 1970 to 2106."""

    def __init__(
        self, stream: BinaryIO, *, nanoseconds: bool = True, byte_order: Literal["little", "big"] = "little"
    ) -> None:
        self._stream = stream
        self._form = PcapForm(byte_order, 1 if nanoseconds else 1000)
        self._record = _record_header(self._form)
        magic = NANOSECONDS if nanoseconds else MICROSECONDS
        header = _file_header(self._form).pack(2, 4, 0, 0, MAXIMUM_FRAME, ETHERNET)
        stream.write(magic.to_bytes(4, byte_order) + header)

    def write(self, frame: Frame) -> None:
        """Append a frame; UsageError where the format has no room for it."""
        seconds, nanoseconds = divmod(frame.timestamp_ns, 1_000_000_000)
        if not 0 <= seconds < 1 << 32:
            raise UsageError(f"pcap has no room for a timestamp of {frame.timestamp_ns} ns")
        if len(frame.data) > MAXIMUM_FRAME:
            raise UsageError(f"a frame of {len(frame.data)} bytes; {MAXIMUM_FRAME} are the most")
        fraction = nanoseconds // self._form.unit_ns
        original = max(frame.original_length, len(frame.data))
        self._stream.write(self._record.pack(seconds, fraction, len(frame.data), original) + frame.data)
