"""What a program is called with: one class for each kind of context."""

from __future__ import annotations

from osmia.lang.integers import be16, u32
from osmia.lang.memory import Buffer
from osmia.lang.packet import Packet

__all__ = ["TcContext", "XdpContext"]


class XdpContext:
    """The context of an XDP program (`struct xdp_md`)."""

    def __init__(self, data: Buffer, *, ingress_ifindex: int = 0, rx_queue_index: int = 0) -> None:
        self._data = data
        self.ingress_ifindex = u32(ingress_ifindex)
        """Index of the interface that received the packet."""
        self.rx_queue_index = u32(rx_queue_index)
        """Index of its receive queue."""

    @property
    def length(self) -> u32:
        """Bytes of the layer-2 frame."""
        return u32(len(self._data))

    def packet(self) -> Packet:
        """A cursor at the first byte of the Ethernet header."""
        return Packet(self._data)


class TcContext:
    """The context of a traffic control program (`struct __sk_buff`)."""

    def __init__(
        self,
        data: Buffer,
        *,
        ifindex: int = 0,
        ingress_ifindex: int = 0,
        protocol: int = 0,
        mark: int = 0,
        wire_length: int | None = None,
        gso_segments: int = 1,
    ) -> None:
        self._data = data
        self.ifindex = u32(ifindex)
        """Index of the interface that the program is attached to."""
        self.ingress_ifindex = u32(ingress_ifindex)
        """Index of the interface that received the packet, 0 for packets of this machine."""
        self.protocol = be16(protocol)
        """Ethernet type of the packet."""
        self.mark = u32(mark)
        """The packet's mark (`skb->mark`)."""
        self.wire_length = u32(len(data) if wire_length is None else wire_length)
        """Bytes on the wire, the headers of all segments included."""
        self.gso_segments = u32(gso_segments)
        """Frames that this packet will be cut into; 0 or 1 for a single one."""

    @property
    def length(self) -> u32:
        """Bytes of the packet, not cut into segments."""
        return u32(len(self._data))

    def packet(self) -> Packet:
        """A cursor at the first byte of the Ethernet header, over the bytes that lie in the linear part."""
        return Packet(self._data)

    def pull_data(self, length: u32 | int) -> None:
        """Bring the first `length` bytes into the linear part (bpf_skb_pull_data), before `packet()`."""
