"""Captures of others, run through the monitor's programs as plain Python."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from osmia.monitor.addresses import address_from_kernel
from osmia.monitor.feed import CapturedFrame
from osmia.monitor.model import Address, Network
from osmia.monitor.records import CaptureWay
from osmia.packets import Frame, open_capture

__all__ = ["captured_frames"]

IPV4, IPV6, TAGS = 0x0800, 0x86DD, (0x8100, 0x88A8)


def captured_frames(path: Path, local: Sequence[Network]) -> Iterator[CapturedFrame]:
    """The frames of a capture file. Those that a local network sends to elsewhere are sent, others received.

    Without local networks each frame counts at both of its ends: sent by its source, received by its
    destination. Raises MalformedError, NotSupportedError, OSError.
    """
    with open_capture(path) as frames:
        for frame in frames:
            way = CaptureWay.BOTH
            if local:
                way = CaptureWay.SENT if _is_outbound(frame, local) else CaptureWay.RECEIVED
            yield CapturedFrame(frame.timestamp_ns, frame.data, frame.original_length, way)


def _is_outbound(frame: Frame, local: Sequence[Network]) -> bool:
    ends = _ends(frame.data)
    return ends is not None and _is_in(ends[0], local) and not _is_in(ends[1], local)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _ends(data: bytes) -> tuple[Address, Address] | None:
    """Source and destination address of a frame."""
    offset = 12
    for _ in range(3):
        if len(data) < offset + 2:
            return None
        (ether_type,) = struct.unpack_from(">H", data, offset)
        offset += 2
        if ether_type not in TAGS:
            break
        offset += 2
    else:
        return None
    if ether_type == IPV4 and len(data) >= offset + 20:
        mapped = bytes(10) + b"\xff\xff"
        source, destination = data[offset + 12 : offset + 16], data[offset + 16 : offset + 20]
        return address_from_kernel(mapped + source), address_from_kernel(mapped + destination)
    if ether_type == IPV6 and len(data) >= offset + 40:
        source, destination = data[offset + 8 : offset + 24], data[offset + 24 : offset + 40]
        return address_from_kernel(source), address_from_kernel(destination)
    return None
