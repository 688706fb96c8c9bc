"""Keys, counters and enumerations that the kernel programs and the collector share."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from osmia import Array, be16, struct, u8, u16, u32, u64
from osmia.net import IpProtocol, IPv6Address

__all__ = [
    "CaptureWay",
    "CapturedHdr",
    "ConnectionCounters",
    "ConnectionKey",
    "Endpoint",
    "InterfaceCounters",
    "ParsedPacket",
    "Payload",
    "PortSample",
    "ProbeCounts",
    "ProbeKind",
    "Reason",
    "ReportBudget",
    "RuleHits",
    "ScanCell",
    "SourceCounters",
    "TargetBitmap",
]


class Reason(u32, Enum):
    """What a frame gave to the parser, and what a full map refused; each has its own counter.

    Up to `EXTENSION_HEADERS` the addresses are known and the packet is counted for its source.
    """

    PARSED = 0
    LATER_FRAGMENT = 1
    """A fragment behind the first one: it has no ports."""
    TINY_FRAGMENT = 2
    """A first fragment that ends inside its TCP header (RFC 1858)."""
    SHORT_TRANSPORT = 3
    """By its IP length, the packet ends inside its transport header."""
    EXTENSION_HEADERS = 4
    """IPv6 extension headers that are malformed, or more of them than are followed."""
    NOT_IP = 5
    """ARP and everything else that is neither IPv4 nor IPv6."""
    VLAN_TAGS = 6
    """More than two VLAN tags."""
    TRUNCATED = 7
    """The frame ends inside its Ethernet, VLAN or IP header."""
    MALFORMED_IP = 8
    """A version or length that the IP header cannot have."""
    SOURCE_ADDED = 9
    SOURCE_REFUSED = 10
    """A source without a row, since its map took no new entry."""
    CONNECTION_ADDED = 11
    CONNECTION_REFUSED = 12
    CELL_REFUSED = 13
    REPORT_HELD = 14
    """A report beyond the budget of its processor."""


class ProbeKind(u32, Enum):
    """Packets that open a connection or make no sense; `NONE` is all ordinary traffic."""

    NONE = 0
    SYN = 1
    FIN = 2
    NULL = 3
    XMAS = 4
    """FIN, PSH and URG."""
    ODD = 5
    """Any other mixture without ACK and RST."""
    TINY_FRAGMENT = 6
    CONNECT = 7
    """A SYN as operating systems send it; `SYN` is one that a scanner made itself."""
    ACK = 8
    """An ACK to where no connection is."""
    MAIMON = 9
    """FIN and ACK to where no connection is."""
    UDP = 10
    """The first datagram between two ends, from outside."""
    SCTP = 11
    """INIT, or COOKIE ECHO to where no association is."""
    PROTOCOL = 12
    """An IP protocol other than TCP, UDP, SCTP and ICMP; it stands in the place of the port."""


@struct
class Payload:
    """What an IP header says of its payload."""

    reason: Reason
    length: u16
    """Bytes behind the IP header and its options, by the header and not by the frame."""
    protocol: IpProtocol
    more_fragments: bool


@struct
class ParsedPacket:
    """What is known of a frame beside its addresses and ports."""

    reason: Reason
    protocol: IpProtocol
    flags: u8
    """Of TCP; for SCTP, the type of the first chunk."""
    header_length: u8
    """Bytes of the TCP header with its options."""


@struct
class ConnectionKey:
    """Both ends of a connection, this machine's end first. IPv4 addresses are in mapped form."""

    local_addr: IPv6Address
    remote_addr: IPv6Address
    local_port: be16
    remote_port: be16
    protocol: IpProtocol


@struct
class ConnectionCounters:
    """Packets and layer-2 bytes of one connection, both ways; times in ns of the monitor's clock."""

    received_packets: u64
    received_bytes: u64
    sent_packets: u64
    sent_bytes: u64
    first_seen: u64
    last_seen: u64
    received_flags: u32
    """All TCP flags that came in, or-ed."""
    sent_flags: u32


@struct
class SourceCounters:
    """What one address sent us, in frames and layer-2 bytes; `blocked_packets` are among `packets`."""

    packets: u64
    bytes: u64
    blocked_packets: u64
    last_seen: u64


@struct
class InterfaceCounters:
    """Exact totals of one interface at its two hooks; dropped frames are among the received ones."""

    received_packets: u64
    received_bytes: u64
    dropped_packets: u64
    dropped_bytes: u64
    sent_packets: u64
    sent_bytes: u64


@struct
class Endpoint:
    """An address of this machine where a program listens."""

    address: IPv6Address
    port: be16
    protocol: IpProtocol


@struct
class ReportBudget:
    """What one processor has reported since a moment."""

    since: u64
    used: u64


class CaptureWay(u32, Enum):
    """Which ends of a captured frame to look from."""

    BOTH = 0
    SENT = 1
    """This machine sent it."""
    RECEIVED = 2


@struct
class CapturedHdr:
    """What stands before a captured frame when it is run through `monitor_capture`, 16 bytes."""

    time: u64
    """The monitor's clock at this frame."""
    length: u32
    """Bytes on the wire; there may be fewer behind this header."""
    way: CaptureWay


@struct
class RuleHits:
    """What one block rule dropped."""

    packets: u64
    bytes: u64


class TargetBitmap(Array[u64, Literal[4]]):
    """256 bits, one set for each hash of (address, port): linear counting."""

    __slots__ = ()


class ProbeCounts(Array[u32, Literal[16]]):
    """Probes by `ProbeKind`."""

    __slots__ = ()


class PortSample(Array[be16, Literal[8]]):
    """Ports of the last targets that were new."""

    __slots__ = ()


@struct
class ScanCell:
    """The probes of one source in its current window; also the event that reports them."""

    window_start: u64
    last_seen: u64
    last_report: u64
    targets: TargetBitmap
    answered: TargetBitmap
    """Those of `targets` that answered with more than a refusal."""
    addresses: u64
    """A bit for each hash of an address probed."""
    numbers: u64
    """A bit for each hash of a port probed."""
    counts: ProbeCounts
    probes: u32
    odd: u32
    """Probes that make no sense by themselves."""
    distinct: u32
    """Bits set in `targets`."""
    answers: u32
    """Bits set in `answered`."""
    source: IPv6Address
    last_target: IPv6Address
    ports: PortSample
