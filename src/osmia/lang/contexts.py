"""What a program is called with: one class for each kind of context."""

from __future__ import annotations

from osmia.lang.integers import be16, i32, i64, u32
from osmia.lang.memory import Buffer
from osmia.lang.packet import Packet

__all__ = ["TcContext", "XdpContext"]

_HEADROOM = 256 - 40
"""Bytes that can be put before a packet: XDP_PACKET_HEADROOM less struct xdp_frame."""
_LARGEST = 4096 - 256 - 320
"""Bytes of a packet that fills its page: less the headroom and struct skb_shared_info."""
_ETHERNET = 14
_EINVAL = 22


class XdpContext:
    """The context of an XDP program (`struct xdp_md`)."""

    def __init__(self, data: Buffer, *, ingress_ifindex: int = 0, rx_queue_index: int = 0) -> None:
        self._data = data
        self._grown = 0
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

    def adjust_head(self, delta: i32 | int) -> i64:
        """Move the packet's start: a negative number of bytes makes room, which must then be written.

        0, or a negative error number where there is no such room (bpf_xdp_adjust_head, Linux 4.10). What
        was read before is gone: call `packet()` again.
        """
        number = int(delta)
        room = _HEADROOM - self._grown
        if -number > room or number > len(self._data) - _ETHERNET:
            return i64(-_EINVAL)
        self._grown -= number
        self._replace(bytes(max(-number, 0)) + bytes(self._data[max(number, 0) :]))
        return i64(0)

    def adjust_tail(self, delta: i32 | int) -> i64:
        """Move the packet's end: a negative number of bytes is cut off, others are appended as zeros.

        0, or a negative error number where there is no such room (bpf_xdp_adjust_tail, Linux 4.18; growing
        since 5.8). What was read before is gone: call `packet()` again.
        """
        length = len(self._data) + int(delta)
        if length < _ETHERNET or length > _LARGEST + self._grown:
            return i64(-_EINVAL)
        self._replace(bytes(self._data[:length]).ljust(length, b"\0"))
        return i64(0)

    def _replace(self, data: bytes) -> None:
        """Set the packet's bytes, its length too, in the buffer that the caller gave."""
        if not isinstance(self._data, bytearray):
            raise TypeError("a packet that grows or shrinks must be a bytearray")
        self._data[:] = data


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
