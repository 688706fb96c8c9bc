"""What the monitor knows at one moment: frozen, without I/O, the same for dashboard, JSON and tests."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from osmia.monitor.detect.alert import Alert

__all__ = [
    "PROTOCOL_NAMES",
    "Address",
    "Connection",
    "ConnectionOwner",
    "ConnectionState",
    "Interface",
    "InterfaceMode",
    "LinkCounters",
    "Losses",
    "Network",
    "ProcessTraffic",
    "RatePoint",
    "RuleAction",
    "RuleState",
    "Snapshot",
    "Source",
    "SourceOfPackets",
    "TrafficCount",
    "network_of",
    "protocol_name",
    "traffic_by_process",
]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PROTOCOL_NAMES = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 58: "icmpv6", 132: "sctp"}


def protocol_name(number: int) -> str:
    """The name of an IP protocol, or its number."""
    return PROTOCOL_NAMES.get(number, str(number))


def network_of(address: Address) -> Network:
    """The network of one address alone."""
    return ipaddress.ip_network((address, address.max_prefixlen))


class InterfaceMode(Enum):
    """How the ingress program sees frames."""

    NATIVE = "native"
    """In the driver, before the kernel has made a packet of the frame."""
    GENERIC = "generic"
    """In the network stack, after GRO has joined frames."""
    CAPTURE = "capture"
    """In the kernel, but over a capture."""
    SIMULATED = "simulated"
    """Not in a kernel: as plain Python over a capture."""
    RECORDED = "recorded"
    """Some time ago: out of the history."""


class SourceOfPackets(Enum):
    """Where the packets of a snapshot come from."""

    LIVE = "live"
    DEMO = "demo"
    REPLAY = "replay"
    GENERATED = "generated"
    """A capture that osmia made itself, because BPF is not permitted here."""
    HISTORY = "history"
    """A minute of the past."""


class ConnectionState(Enum):
    """What the TCP flags seen so far say; `ACTIVE` for all other protocols."""

    OPENING = "opening"
    ESTABLISHED = "established"
    CLOSING = "closing"
    CLOSED = "closed"
    RESET = "reset"
    ACTIVE = "active"


class RuleAction(Enum):
    """What a rule does with the sources in its network."""

    BLOCK = "block"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class TrafficCount:
    """Frames and layer-2 bytes, and both per second over the last interval."""

    packets: int = 0
    bytes: int = 0
    packets_per_second: float = 0.0
    bytes_per_second: float = 0.0

    def since(self, before: TrafficCount | None, seconds: float) -> TrafficCount:
        """The same count with rates from an earlier one; without it, or backwards, the rates are zero."""
        if before is None or seconds <= 0 or before.packets > self.packets or before.bytes > self.bytes:
            return self
        return TrafficCount(
            self.packets,
            self.bytes,
            (self.packets - before.packets) / seconds,
            (self.bytes - before.bytes) / seconds,
        )


@dataclass(frozen=True, slots=True)
class LinkCounters:
    """The interface's own counters (rtnl_link_stats64), for comparison with ours."""

    received_packets: int
    received_bytes: int
    sent_packets: int
    sent_bytes: int

    def since(self, before: LinkCounters) -> LinkCounters:
        """What was added to earlier counters."""
        return LinkCounters(
            self.received_packets - before.received_packets,
            self.received_bytes - before.received_bytes,
            self.sent_packets - before.sent_packets,
            self.sent_bytes - before.sent_bytes,
        )


@dataclass(frozen=True, slots=True)
class Interface:
    """Exact totals of one interface."""

    name: str
    index: int
    mode: InterfaceMode
    received: TrafficCount
    sent: TrafficCount
    dropped: TrafficCount
    """Blocked by a rule; also among `received`."""
    counts_egress: bool
    """False where the kernel has no hook for what goes out."""
    link: LinkCounters | None = None
    """Since the monitor was attached; None in a replay, or after the interface was removed."""


@dataclass(frozen=True, slots=True)
class Source:
    """One address that sends to us."""

    address: Address
    received: TrafficCount
    blocked_packets: int
    last_seen_ns: int


@dataclass(frozen=True, slots=True)
class ConnectionOwner:
    """The process at this machine's end: the one that connected, or that listens where it was accepted."""

    pid: int
    uid: int
    process: str
    """Its name (comm), at most 15 characters."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection, in both directions; times in ns of the monitor's clock."""

    local: Address
    local_port: int
    remote: Address
    remote_port: int
    protocol: int
    state: ConnectionState
    received: TrafficCount
    sent: TrafficCount
    first_seen_ns: int
    last_seen_ns: int
    proven: bool = False
    """After the handshake this machine sent data, or closed: the other address cannot be forged."""
    owner: ConnectionOwner | None = None
    """None where the kernel did not tell."""
    round_trip_us: int | None = None
    """Of TCP, smoothed by the kernel; None where it did not tell."""
    retransmits: int = 0
    """Segments of TCP that were sent again."""

    @property
    def bytes_per_second(self) -> float:
        """Both directions."""
        return self.received.bytes_per_second + self.sent.bytes_per_second


@dataclass(frozen=True, slots=True)
class ProcessTraffic:
    """A process with the connections that it has, or had a short while ago."""

    owner: ConnectionOwner
    connections: int
    received: TrafficCount
    sent: TrafficCount
    retransmits: int


def traffic_by_process(connections: Iterable[Connection]) -> tuple[ProcessTraffic, ...]:
    """The connections whose process is known, summed for each."""
    by_pid: dict[int, list[Connection]] = {}
    for connection in connections:
        if connection.owner is not None:
            by_pid.setdefault(connection.owner.pid, []).append(connection)
    return tuple(
        ProcessTraffic(
            owner,
            len(own),
            _total([one.received for one in own]),
            _total([one.sent for one in own]),
            sum(one.retransmits for one in own),
        )
        for own in by_pid.values()
        if (owner := own[-1].owner) is not None
    )


@dataclass(frozen=True, slots=True)
class RuleState:
    """One entry of the block or allow list, with what it did."""

    network: Network
    action: RuleAction
    reason: str
    origin: str
    created: float
    """Seconds since the epoch."""
    expires: float | None
    """Seconds since the epoch; None for a rule without end."""
    dropped: TrafficCount = field(default_factory=TrafficCount)

    def with_rates(self, before: TrafficCount | None, seconds: float) -> RuleState:
        """The same with rates since an earlier count."""
        return replace(self, dropped=self.dropped.since(before, seconds))


@dataclass(frozen=True, slots=True)
class Losses:
    """What could not be kept or told; zeros on a good day."""

    reports: int = 0
    """Probe reports that found no room in the perf event array."""
    reports_held: int = 0
    """Probe reports beyond a processor's budget; their evidence is read with the next sweep of all cells."""
    sources_evicted: int = 0
    connections_evicted: int = 0
    rows_refused: int = 0
    """New sources, connections or scan cells that a full map did not take."""

    @property
    def any(self) -> bool:
        """Whether anything was lost."""
        return bool(self.reports or self.sources_evicted or self.connections_evicted or self.rows_refused)


@dataclass(frozen=True, slots=True)
class RatePoint:
    """Bytes per second of all interfaces at one snapshot."""

    received: float
    sent: float
    dropped: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is known at one moment."""

    number: int
    taken: float
    """Wall clock, seconds since the epoch; in a replay the capture's."""
    clock_ns: int
    """The monitor's clock."""
    packets_from: SourceOfPackets
    interfaces: tuple[Interface, ...] = ()
    sources: tuple[Source, ...] = ()
    connections: tuple[Connection, ...] = ()
    processes: tuple[ProcessTraffic, ...] = ()
    """Empty also where the kernel does not tell processes."""
    alerts: tuple[Alert, ...] = ()
    rules: tuple[RuleState, ...] = ()
    reasons: tuple[tuple[str, int], ...] = ()
    """Frames that were not parsed to the end, by reason."""
    losses: Losses = Losses()
    history: tuple[RatePoint, ...] = ()
    """Rates of the last snapshots and of this one, the newest last."""
    notices: tuple[str, ...] = ()
    """What the user should know of how it runs: a missing right, an interface that went away."""

    @property
    def received(self) -> TrafficCount:
        """All interfaces together."""
        return _total([interface.received for interface in self.interfaces])

    @property
    def sent(self) -> TrafficCount:
        """All interfaces together."""
        return _total([interface.sent for interface in self.interfaces])

    @property
    def dropped(self) -> TrafficCount:
        """All interfaces together."""
        return _total([interface.dropped for interface in self.interfaces])


def _total(counts: list[TrafficCount]) -> TrafficCount:
    return TrafficCount(
        sum(count.packets for count in counts),
        sum(count.bytes for count in counts),
        sum(count.packets_per_second for count in counts),
        sum(count.bytes_per_second for count in counts),
    )
