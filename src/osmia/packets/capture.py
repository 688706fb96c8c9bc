"""Captures: frames from a pcap or pcapng stream, one at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from osmia.errors import MalformedError
from osmia.packets.frame import ByteSource, Frame
from osmia.packets.pcap import PCAP_MAGICS, read_pcap
from osmia.packets.pcapng import SECTION_HEADER, read_pcapng

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["open_capture", "read_capture"]


def read_capture(stream: BinaryIO) -> Iterator[Frame]:
    """The frames of a pcap or pcapng stream; its header is read at once, each frame when it is asked for.

    Raises MalformedError, also after good frames where the stream is damaged later, and
    NotSupportedError for frames that are not Ethernet.
    """
    source = ByteSource(stream)
    magic = source.read(4, "the magic number")
    if magic in PCAP_MAGICS:
        return read_pcap(source, PCAP_MAGICS[magic])
    if magic == SECTION_HEADER:
        return read_pcapng(source)
    raise MalformedError("capture", f"{magic.hex()} is the magic number of neither pcap nor pcapng", 0)


@contextmanager
def open_capture(path: str | PathLike[str]) -> Generator[Iterator[Frame], None, None]:
    """The frames of a capture file, inside a `with` block; see `read_capture`.

    Raises OSError where the file cannot be opened.
    """
    with Path(path).open("rb") as stream:
        yield read_capture(stream)
