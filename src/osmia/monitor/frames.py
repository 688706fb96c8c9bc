"""The ends of a captured frame, as far as user space needs them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from osmia.monitor.addresses import MAPPED, address_from_kernel
from osmia.monitor.model import Address

__all__ = ["FrameEnds", "frame_ends"]

IPV4, IPV6, TAGS = 0x0800, 0x86DD, (0x8100, 0x88A8)
MAXIMUM_TAGS = 2
WITH_PORTS = (6, 17, 132)


@dataclass(frozen=True, slots=True)
class FrameEnds:
    """Both ends; ports are 0 where there are none in the first header behind IP."""

    source: Address
    destination: Address
    protocol: int
    source_port: int = 0
    destination_port: int = 0


def frame_ends(data: bytes) -> FrameEnds | None:
    """The ends of an IP packet in an Ethernet frame; None for any other frame, or one that is cut off."""
    offset = 12
    for _ in range(MAXIMUM_TAGS + 1):
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
        source, destination = (MAPPED + data[at : at + 4] for at in (offset + 12, offset + 16))
        later = struct.unpack_from(">H", data, offset + 6)[0] & 0x1FFF
        end = len(data) if later else offset + (data[offset] & 15) * 4
        return _with_ports(data, source, destination, data[offset + 9], end)
    if ether_type == IPV6 and len(data) >= offset + 40:
        source, destination = (data[at : at + 16] for at in (offset + 8, offset + 24))
        return _with_ports(data, source, destination, data[offset + 6], offset + 40)
    return None


def _with_ports(data: bytes, source: bytes, destination: bytes, protocol: int, offset: int) -> FrameEnds:
    ports = (0, 0)
    if protocol in WITH_PORTS and len(data) >= offset + 4:
        ports = struct.unpack_from(">HH", data, offset)
    return FrameEnds(address_from_kernel(source), address_from_kernel(destination), protocol, *ports)
