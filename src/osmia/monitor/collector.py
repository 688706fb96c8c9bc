"""From the kernel's maps to one frozen snapshot."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import SupportsBytes, cast

import osmia
from osmia.monitor import kernel
from osmia.monitor.addresses import address_from_kernel
from osmia.monitor.cells import CellReader
from osmia.monitor.detect.alert import Alert
from osmia.monitor.detect.detector import Detector
from osmia.monitor.model import (
    Address,
    Connection,
    ConnectionState,
    Interface,
    InterfaceMode,
    LinkCounters,
    Losses,
    RatePoint,
    RuleState,
    Snapshot,
    Source,
    SourceOfPackets,
    TrafficCount,
    traffic_by_process,
)
from osmia.monitor.processes import SocketFacts, SocketWatch
from osmia.monitor.records import ConnectionCounters, ConnectionKey, Reason
from osmia.net import IPv6Address, TcpFlags

__all__ = ["Collector", "WatchedInterface"]

HISTORY = 240
TCP = 6

UNPARSED = tuple(reason for reason in Reason if Reason.PARSED < reason < Reason.SOURCE_ADDED)


@dataclass(slots=True)
class WatchedInterface:
    """An interface as the service attached to it."""

    name: str
    index: int
    mode: InterfaceMode
    counts_egress: bool = True


class Collector:
    """Reads the maps, keeps what rates and detection need between two readings.

    Make it before anything is attached, so that no report is missed.

    `counters_of` gives an interface's own counters, None where it has none (any more). Not
    thread-safe: one thread collects.
    """

    def __init__(
        self,
        bpf: osmia.Bpf,
        packets_from: SourceOfPackets,
        counters_of: Callable[[str], LinkCounters | None],
        detector: Detector | None = None,
    ) -> None:
        self._bpf = bpf
        self._packets_from = packets_from
        self._counters_of = counters_of
        self._interfaces: list[WatchedInterface] = []
        self._link_base: dict[str, LinkCounters | None] = {}
        self._cells = CellReader(bpf, detector or Detector())
        self._before: Snapshot | None = None
        self._sources: dict[bytes, Source] = {}
        self._connections: dict[bytes, tuple[bytes, Connection]] = {}
        self._raised: list[Alert] = []
        self.sockets: SocketWatch | None = None
        """Where processes and numbers of TCP come from; None where the kernel does not tell."""
        self.fresh_alerts: list[Alert] = []
        """Alerts that the last collection raised."""

    def add_interface(self, interface: WatchedInterface) -> None:
        """Read this interface too; call it as soon as it was attached to."""
        self._link_base[interface.name] = self._counters_of(interface.name)
        self._interfaces.append(interface)

    @property
    def interfaces(self) -> tuple[WatchedInterface, ...]:
        """What is read."""
        return tuple(self._interfaces)

    def rename_interface(self, interface: WatchedInterface, name: str) -> None:
        """Read it under another name from now on."""
        self._link_base[name] = self._link_base.pop(interface.name)
        interface.name = name

    def replace_interface(self, gone: WatchedInterface, fresh: WatchedInterface) -> None:
        """Read another interface in the place of one that is gone."""
        self._interfaces[self._interfaces.index(gone)] = fresh
        self._link_base[fresh.name] = self._counters_of(fresh.name)

    def detect(self, clock_ns: int, *, all_cells: bool = False) -> bool:
        """Look for scans only; whether there are alerts for the next collection to give."""
        self._raised += self._cells.read(clock_ns, all_cells=all_cells)
        return bool(self._raised)

    def collect(
        self, clock_ns: int, taken: float, rules: tuple[RuleState, ...], notices: tuple[str, ...]
    ) -> Snapshot:
        """Read everything. `clock_ns` is the monitor's clock now, `taken` the wall clock."""
        before = self._before
        seconds = 0.0 if before is None else (clock_ns - before.clock_ns) / 1e9
        self.detect(clock_ns)
        self.fresh_alerts, self._raised = self._raised, []
        counted = self._reasons()
        sources = self._read_sources(seconds)
        connections = self._read_connections(seconds)
        snapshot = Snapshot(
            number=0 if before is None else before.number + 1,
            taken=taken,
            clock_ns=clock_ns,
            packets_from=self._packets_from,
            interfaces=tuple(self._read_interfaces(seconds)),
            sources=sources,
            connections=connections,
            processes=traffic_by_process(connections) if self.sockets is not None else (),
            alerts=self._cells.detector.alerts(),
            rules=rules,
            reasons=tuple((reason.name.lower(), counted[reason]) for reason in UNPARSED if counted[reason]),
            losses=Losses(
                reports=self._cells.reports_lost,
                reports_held=counted[Reason.REPORT_HELD],
                sources_evicted=max(0, counted[Reason.SOURCE_ADDED] - len(sources)),
                connections_evicted=max(0, counted[Reason.CONNECTION_ADDED] - len(connections)),
                rows_refused=counted[Reason.SOURCE_REFUSED]
                + counted[Reason.CONNECTION_REFUSED]
                + counted[Reason.CELL_REFUSED],
            ),
            notices=notices,
        )
        if before is not None:
            snapshot = replace(snapshot, history=(*before.history[1 - HISTORY :], _rates(snapshot)))
        self._before = snapshot
        return snapshot

    def _reasons(self) -> dict[Reason, int]:
        counters = self._bpf[kernel.reasons]
        return {reason: counters[reason].sum() for reason in Reason}

    def _read_interfaces(self, seconds: float) -> Iterator[Interface]:
        earlier = {} if self._before is None else {i.index: i for i in self._before.interfaces}
        for interface in self._interfaces:
            values = list(self._bpf[kernel.totals][interface.index % kernel.INTERFACE_SLOTS])
            was = earlier.get(interface.index)
            received = TrafficCount(
                sum(int(value.received_packets) for value in values),
                sum(int(value.received_bytes) for value in values),
            )
            sent = TrafficCount(
                sum(int(value.sent_packets) for value in values),
                sum(int(value.sent_bytes) for value in values),
            )
            dropped = TrafficCount(
                sum(int(value.dropped_packets) for value in values),
                sum(int(value.dropped_bytes) for value in values),
            )
            yield Interface(
                name=interface.name,
                index=interface.index,
                mode=interface.mode,
                received=received.since(was.received if was else None, seconds),
                sent=sent.since(was.sent if was else None, seconds),
                dropped=dropped.since(was.dropped if was else None, seconds),
                counts_egress=interface.counts_egress,
                link=self._link_counters(interface.name),
            )

    def _link_counters(self, name: str) -> LinkCounters | None:
        now, base = self._counters_of(name), self._link_base[name]
        return None if now is None or base is None else now.since(base)

    def _read_sources(self, seconds: float) -> tuple[Source, ...]:
        found: dict[bytes, Source] = {}
        for address, values in self._bpf[kernel.sources].items():
            key = bytes(address)
            was = self._sources.get(key)
            per_cpu = list(values)
            received = TrafficCount(
                sum(int(value.packets) for value in per_cpu), sum(int(value.bytes) for value in per_cpu)
            )
            found[key] = Source(
                address=address_from_kernel(key) if was is None else was.address,
                received=received.since(was.received if was else _NOTHING, seconds),
                blocked_packets=sum(int(value.blocked_packets) for value in per_cpu),
                last_seen_ns=max(int(value.last_seen) for value in per_cpu),
            )
        self._sources = found
        return tuple(found.values())

    def _read_connections(self, seconds: float) -> tuple[Connection, ...]:
        found: dict[bytes, tuple[bytes, Connection]] = {}
        facts: Mapping[bytes, SocketFacts] = {} if self.sockets is None else self.sockets.read()
        for key, counters in self._bpf[kernel.connections].items():
            packed, content = bytes(cast("SupportsBytes", key)), bytes(cast("SupportsBytes", counters))
            was = self._connections.get(packed)
            told = facts.get(packed)
            if was is None or was[0] != content or was[1].bytes_per_second or not _tells(told, was[1]):
                connection = _connection(key, content, None if was is None else was[1], seconds)
                found[packed] = content, connection if told is None else _with_facts(connection, told)
            else:
                found[packed] = was
        self._connections = found
        return tuple(connection for _, connection in found.values())


_NOTHING = TrafficCount()
_COUNTERS = struct.Struct(
    "="
    + "".join({4: "I", 8: "Q"}[field.size] for field in cast("type[osmia.Struct]", ConnectionCounters).layout)
)


def _rates(snapshot: Snapshot) -> RatePoint:
    return RatePoint(
        snapshot.received.bytes_per_second, snapshot.sent.bytes_per_second, snapshot.dropped.bytes_per_second
    )


def _tells(facts: SocketFacts | None, connection: Connection) -> bool:
    """Whether a row has what is known of its socket."""
    return facts is None or facts == SocketFacts(
        connection.owner, connection.round_trip_us, connection.retransmits
    )


def _with_facts(connection: Connection, facts: SocketFacts) -> Connection:
    return replace(
        connection,
        owner=facts.owner,
        round_trip_us=facts.round_trip_us,
        retransmits=facts.retransmits,
    )


def _connection(key: ConnectionKey, content: bytes, was: Connection | None, seconds: float) -> Connection:
    """A row from the bytes of its counters: there may be 65,536 of them, and a field read costs 1 us."""
    numbers: tuple[int, ...] = _COUNTERS.unpack(content)
    packets_in, bytes_in, packets_out, bytes_out, first_seen, last_seen, flags_in, flags_out = numbers
    protocol = int(key.protocol) if was is None else was.protocol
    return Connection(
        local=_address(key.local_addr) if was is None else was.local,
        local_port=int(key.local_port) if was is None else was.local_port,
        remote=_address(key.remote_addr) if was is None else was.remote,
        remote_port=int(key.remote_port) if was is None else was.remote_port,
        protocol=protocol,
        state=_state(protocol, flags_in, flags_out),
        received=TrafficCount(packets_in, bytes_in).since(was.received if was else _NOTHING, seconds),
        sent=TrafficCount(packets_out, bytes_out).since(was.sent if was else _NOTHING, seconds),
        first_seen_ns=first_seen,
        last_seen_ns=last_seen,
        proven=protocol == TCP and _is_proven(flags_in, flags_out),
    )


def _is_proven(received_flags: int, sent_flags: int) -> bool:
    """Whether the other end must have seen our SYN+ACK: only then does this machine send data, or close.

    A forged ACK is refused with RST, or dropped by a firewall.
    """
    opened = int(TcpFlags.SYN) | int(TcpFlags.ACK)
    went_on = sent_flags & (int(TcpFlags.PSH) | int(TcpFlags.FIN))
    both = received_flags & sent_flags & opened
    return both == opened and bool(went_on) and not sent_flags & int(TcpFlags.RST)


def _state(protocol: int, received_flags: int, sent_flags: int) -> ConnectionState:
    """What the flags of both directions say; a connection older than the monitor shows no SYN."""
    if protocol != TCP:
        return ConnectionState.ACTIVE
    either, both = received_flags | sent_flags, received_flags & sent_flags
    fin, syn = int(TcpFlags.FIN), int(TcpFlags.SYN)
    if either & int(TcpFlags.RST):
        return ConnectionState.RESET
    if either & fin:
        return ConnectionState.CLOSED if both & fin else ConnectionState.CLOSING
    if either & syn and not both & syn:
        return ConnectionState.OPENING
    return ConnectionState.ESTABLISHED


def _address(address: IPv6Address) -> Address:
    return address_from_kernel(bytes(address))
