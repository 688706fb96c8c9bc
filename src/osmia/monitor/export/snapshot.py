"""A snapshot as plain data, for `top --json` and the control socket."""

from __future__ import annotations

from osmia.monitor.detect.alert import Alert
from osmia.monitor.model import (
    Connection,
    ConnectionOwner,
    Interface,
    ProcessTraffic,
    RuleState,
    Snapshot,
    Source,
    TrafficCount,
    protocol_name,
)

__all__ = [
    "alert_to_json",
    "connection_to_json",
    "interface_to_json",
    "process_to_json",
    "rule_to_json",
    "snapshot_to_json",
    "source_to_json",
]


def snapshot_to_json(snapshot: Snapshot, limit: int | None = None) -> dict[str, object]:
    """All of a snapshot, or of sources, connections and rules only the `limit` with the most bytes."""
    sources = sorted(snapshot.sources, key=lambda source: -source.received.bytes)
    connections = sorted(snapshot.connections, key=lambda c: -(c.received.bytes + c.sent.bytes))
    processes = sorted(snapshot.processes, key=lambda p: -(p.received.bytes + p.sent.bytes))
    rules = sorted(snapshot.rules, key=lambda rule: -rule.dropped.bytes)
    return {
        "number": snapshot.number,
        "time": snapshot.taken,
        "clock_ns": snapshot.clock_ns,
        "packets_from": snapshot.packets_from.value,
        "interfaces": [interface_to_json(interface) for interface in snapshot.interfaces],
        "totals": {
            "received": _count(snapshot.received),
            "sent": _count(snapshot.sent),
            "dropped": _count(snapshot.dropped),
        },
        "sources_count": len(sources),
        "sources": [source_to_json(source) for source in sources[:limit]],
        "connections_count": len(connections),
        "connections": [connection_to_json(connection) for connection in connections[:limit]],
        "processes_count": len(processes),
        "processes": [process_to_json(process) for process in processes[:limit]],
        "alerts": [alert_to_json(alert) for alert in snapshot.alerts],
        "rules_count": len(rules),
        "rules": [rule_to_json(rule) for rule in rules[:limit]],
        "reasons": dict(snapshot.reasons),
        "losses": {
            "reports": snapshot.losses.reports,
            "reports_held": snapshot.losses.reports_held,
            "sources_evicted": snapshot.losses.sources_evicted,
            "connections_evicted": snapshot.losses.connections_evicted,
            "rows_refused": snapshot.losses.rows_refused,
        },
        "notices": list(snapshot.notices),
    }


def interface_to_json(interface: Interface) -> dict[str, object]:
    """One interface, with its own counters beside ours."""
    link = interface.link
    return {
        "name": interface.name,
        "index": interface.index,
        "mode": interface.mode.value,
        "received": _count(interface.received),
        "sent": _count(interface.sent),
        "dropped": _count(interface.dropped),
        "counts_egress": interface.counts_egress,
        "link": None
        if link is None
        else {
            "received_packets": link.received_packets,
            "received_bytes": link.received_bytes,
            "sent_packets": link.sent_packets,
            "sent_bytes": link.sent_bytes,
        },
    }


def source_to_json(source: Source) -> dict[str, object]:
    """One source."""
    return {
        "address": str(source.address),
        **_count(source.received),
        "blocked_packets": source.blocked_packets,
        "last_seen_ns": source.last_seen_ns,
    }


def connection_to_json(connection: Connection) -> dict[str, object]:
    """One connection."""
    return {
        "protocol": protocol_name(connection.protocol),
        "local": str(connection.local),
        "local_port": connection.local_port,
        "remote": str(connection.remote),
        "remote_port": connection.remote_port,
        "state": connection.state.value,
        "received": _count(connection.received),
        "sent": _count(connection.sent),
        "first_seen_ns": connection.first_seen_ns,
        "last_seen_ns": connection.last_seen_ns,
        **owner_to_json(connection.owner),
        "round_trip_us": connection.round_trip_us,
        "retransmits": connection.retransmits,
    }


def process_to_json(process: ProcessTraffic) -> dict[str, object]:
    """One process."""
    return {
        **owner_to_json(process.owner),
        "connections": process.connections,
        "received": _count(process.received),
        "sent": _count(process.sent),
        "retransmits": process.retransmits,
    }


def owner_to_json(owner: ConnectionOwner | None) -> dict[str, object]:
    """Who has a connection; nulls where that is not known."""
    if owner is None:
        return {"process": None, "pid": None, "uid": None}
    return {"process": owner.process, "pid": owner.pid, "uid": owner.uid}


def alert_to_json(alert: Alert) -> dict[str, object]:
    """One alert with its evidence."""
    return {
        "number": alert.number,
        "source": str(alert.source),
        "more_sources": [str(source) for source in alert.more_sources],
        "rule": alert.rule.value,
        "target": str(alert.target),
        "kind": alert.kind.value,
        "technique": alert.technique.name.lower(),
        "nmap_option": alert.technique.value,
        "reason": alert.reason,
        "first_seen_ns": alert.first_seen_ns,
        "last_seen_ns": alert.last_seen_ns,
        "probes": alert.probes,
        "probes_per_second": round(alert.probes_per_second, 3),
        "targets": alert.targets,
        "ports": list(alert.ports),
        "confidence": alert.confidence,
        "forgeable": alert.forgeable,
        "mitre": alert.mitre,
        "active": alert.active,
    }


def rule_to_json(rule: RuleState) -> dict[str, object]:
    """One list entry with what it dropped."""
    return {
        "network": str(rule.network),
        "action": rule.action.value,
        "reason": rule.reason,
        "origin": rule.origin,
        "created": rule.created,
        "expires": rule.expires,
        "dropped": _count(rule.dropped),
    }


def _count(count: TrafficCount) -> dict[str, object]:
    return {
        "packets": count.packets,
        "bytes": count.bytes,
        "packets_per_second": round(count.packets_per_second, 3),
        "bytes_per_second": round(count.bytes_per_second, 3),
    }
