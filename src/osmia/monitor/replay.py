"""Captures of others, run through the monitor's programs as plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from osmia.monitor.feed import CapturedFrame
from osmia.monitor.frames import frame_ends
from osmia.monitor.model import Address, Network
from osmia.monitor.records import CaptureWay
from osmia.packets import Frame, open_capture

__all__ = ["captured_frames"]


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
    ends = frame_ends(frame.data)
    return ends is not None and _is_in(ends.source, local) and not _is_in(ends.destination, local)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
