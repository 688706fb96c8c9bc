"""Packets as rows of layers: `ethernet() / ipv4() / udp() / b"data"`; lengths and checksums follow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from osmia.dataclass import dataclass
from osmia.errors import UsageError
from osmia.net import EtherType, IpProtocol

__all__ = ["Addresses", "Layer", "Layers", "PayloadLayer", "in_range", "internet_checksum", "payload"]


class Addresses(NamedTuple):
    """Source and destination of the IP header around a layer, for the checksum's pseudo-header."""

    source: bytes
    destination: bytes

    def pseudo_header(self, protocol: IpProtocol, length: int) -> bytes:
        """RFC 9293, 3.1 over IPv4; RFC 8200, 8.1 over IPv6."""
        number = int(protocol)
        if len(self.source) == 4:
            return self.source + self.destination + bytes([0, number]) + length.to_bytes(2, "big")
        return self.source + self.destination + length.to_bytes(4, "big") + bytes([0, 0, 0, number])


class Layer(ABC):
    """One header, or the payload."""

    @property
    def ether_type(self) -> EtherType | None:
        """How an Ethernet header announces this layer."""
        return None

    @property
    def protocol(self) -> IpProtocol | None:
        """How an IP header announces this layer."""
        return None

    @property
    def addresses(self) -> Addresses | None:
        """What an IP header contributes to the checksums inside it."""
        return None

    @abstractmethod
    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        """This layer's bytes and `inside`, which `inner` begins; `around` is of the IP header around it."""


@dataclass(frozen=True, slots=True)
class PayloadLayer(Layer):
    """Bytes as they are."""

    data: bytes

    def encode(self, inside: bytes, inner: Layer | None, around: Addresses | None) -> bytes:
        """The bytes and what follows them."""
        return self.data + inside


@dataclass(frozen=True, slots=True)
class Layers:
    """A packet, or a part of one: layers from the outermost inwards. `bytes(packet)` puts it together."""

    layers: tuple[Layer, ...]

    def __truediv__(self, inside: Layers | bytes) -> Layers:
        """This packet with more layers, or payload bytes, inside."""
        more = (PayloadLayer(inside),) if isinstance(inside, bytes) else inside.layers
        return Layers(self.layers + more)

    def __bytes__(self) -> bytes:
        around: list[Addresses | None] = [None]
        for layer in self.layers:
            around.append(layer.addresses or around[-1])
        data = b""
        inner: Layer | None = None
        for layer, addresses in zip(reversed(self.layers), reversed(around[:-1]), strict=True):
            data = layer.encode(data, inner, addresses)
            inner = layer
        return data

    def __len__(self) -> int:
        return len(bytes(self))


def payload(data: bytes) -> Layers:
    """Bytes as a part of a packet; `packet / b"data"` does the same."""
    return Layers((PayloadLayer(data),))


def in_range(name: str, number: int, bits: int) -> int:
    """The number; UsageError where the header's field has no room for it."""
    if not 0 <= number < 1 << bits:
        raise UsageError(
            f"{name} is {number}, but the field has {bits} bits", f"write 0 to {(1 << bits) - 1}"
        )
    return number


def internet_checksum(data: bytes) -> int:
    """The ones' complement checksum of IP, TCP, UDP and ICMP (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(int.from_bytes(data[start : start + 2], "big") for start in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
