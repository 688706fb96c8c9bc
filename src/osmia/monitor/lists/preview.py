"""What blocking a network would cut: `block preview`, from the traffic that the monitor remembers."""

from __future__ import annotations

from dataclasses import dataclass

from osmia.errors import UsageError
from osmia.monitor.host import Protected
from osmia.monitor.lists.guards import check_block
from osmia.monitor.lists.matching import verdict_of
from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import Address, Connection, ConnectionState, Network, Snapshot, protocol_name

__all__ = ["Preview", "preview_of"]

LAST_HOUR_NS = 3_600_000_000_000
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """What the last hour of traffic would have lost."""

    network: Network
    refusal: str | None
    """Why `block add` refuses it without --force."""
    sources: tuple[Address, ...]
    """Sources in the network that were seen in the last hour and are not blocked or allowed already."""
    packets: int
    """Received from them, since each was first seen: an upper bound where that is longer ago."""
    bytes: int
    connections: tuple[Connection, ...]
    """Their connections, those of most bytes first."""

    @property
    def open_connections(self) -> int:
        """Those that are established now."""
        return sum(connection.state is ConnectionState.ESTABLISHED for connection in self.connections)

    @property
    def text(self) -> str:
        """In words."""
        lost = f"{self.packets} packets, {self.bytes} bytes of {len(self.sources)} sources"
        cut = f"{self.open_connections} open connections"
        lines = [f"blocking {self.network} would have dropped up to {lost} in the last hour, and cut {cut}"]
        lines += [f"  {_described(connection)}" for connection in self.connections[:SHOWN]]
        if len(self.connections) > SHOWN:
            lines.append(f"  and {len(self.connections) - SHOWN} more connections")
        if self.refusal is not None:
            lines.append(f"`block add` refuses it: {self.refusal}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        """Plain data, for the control socket and `--json`."""
        return {
            "network": str(self.network),
            "refusal": self.refusal,
            "sources": [str(source) for source in self.sources],
            "packets": self.packets,
            "bytes": self.bytes,
            "open_connections": self.open_connections,
            "connections": [_described(connection) for connection in self.connections[:SHOWN]],
            "text": self.text,
        }


def preview_of(
    network: Network, snapshot: Snapshot, rules: tuple[Rule, ...], protected: tuple[Protected, ...]
) -> Preview:
    """Look a network up in a snapshot; what rules block or allow already would change nothing."""
    try:
        check_block(network, protected, force=False)
        refusal = None
    except UsageError as error:
        refusal = str(error)
    since = snapshot.clock_ns - LAST_HOUR_NS
    sources = [
        source
        for source in snapshot.sources
        if source.last_seen_ns >= since and _would_be_blocked(source.address, network, rules, snapshot.taken)
    ]
    addresses = {source.address for source in sources}
    connections = [
        connection
        for connection in snapshot.connections
        if connection.remote in addresses and connection.last_seen_ns >= since
    ]
    connections.sort(key=lambda connection: -(connection.received.bytes + connection.sent.bytes))
    return Preview(
        network,
        refusal,
        tuple(source.address for source in sources),
        sum(source.received.packets - source.blocked_packets for source in sources),
        sum(source.received.bytes for source in sources),
        tuple(connections),
    )


def _would_be_blocked(address: Address, network: Network, rules: tuple[Rule, ...], now: float) -> bool:
    if address.version != network.version or address not in network:
        return False
    verdict = verdict_of(address, rules, now)
    return verdict.blocking is None and verdict.allowing is None


def _described(connection: Connection) -> str:
    ends = f"{connection.local}:{connection.local_port} {connection.remote}:{connection.remote_port}"
    count = connection.received.bytes + connection.sent.bytes
    return f"{protocol_name(connection.protocol)} {ends} {connection.state.value}, {count} bytes"
