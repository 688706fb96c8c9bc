"""The tables of the dashboard as data: which rows, which columns, how they sort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from osmia.monitor.detect.alert import Alert
from osmia.monitor.export.text import format_age, format_bytes, format_count, format_rate
from osmia.monitor.filter import FilterFields, RowFilter
from osmia.monitor.model import (
    Address,
    Connection,
    Network,
    ProcessTraffic,
    RuleState,
    Snapshot,
    Source,
    protocol_name,
)

__all__ = [
    "ALERTS",
    "CONNECTIONS",
    "PROCESSES",
    "RULES",
    "SOURCES",
    "Column",
    "TableSpec",
    "fit_columns",
    "select_rows",
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    width: int
    """Fixed width, or the least one of a column that stretches."""
    cell: Callable[[Any, Snapshot], str]
    order: Callable[[Any], Any]
    stretches: bool = False
    numeric: bool = True
    """Right-aligned, and sorted with the largest first."""
    rank: int = 0
    """On a narrow terminal the columns of the highest rank go first; 0 always stays."""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table."""

    name: str
    title: str
    rows: Callable[[Snapshot], Sequence[Any]]
    columns: tuple[Column, ...]
    fields: Callable[[Any], FilterFields]
    identity: Callable[[Any], object]
    """What stays the same of a row from one snapshot to the next."""
    network: Callable[[Any], Address | Network] | None
    """What a rule made from a row blocks or allows; None where rows have no address."""
    empty: str
    sorted_by: int
    """Index of the column that it is sorted by at first."""
    detail: Callable[[Any], str] = lambda _: ""
    """What the columns have no room for, in at most two lines."""


def select_rows(
    table: TableSpec, snapshot: Snapshot, row_filter: RowFilter | None, sorted_by: int, reverse: bool
) -> list[Any]:
    """The rows that pass the filter, in order."""
    rows = table.rows(snapshot)
    chosen = list(rows) if row_filter is None else [row for row in rows if row_filter(table.fields(row))]
    column = table.columns[sorted_by]
    chosen.sort(key=column.order, reverse=column.numeric != reverse)
    return chosen


def fit_columns(columns: Sequence[Column], width: int) -> list[tuple[int, int]]:
    """Index and width of the columns that find room, with one blank between them."""
    kept = list(range(len(columns)))
    while sum(columns[index].width + 1 for index in kept) - 1 > width:
        highest = max(columns[index].rank for index in kept)
        if highest == 0:
            break
        kept.remove(max(index for index in kept if columns[index].rank == highest))
    spare = max(0, width - sum(columns[index].width + 1 for index in kept) + 1)
    stretching = [index for index in kept if columns[index].stretches]
    share, rest = divmod(spare, len(stretching)) if stretching else (0, 0)
    widths: list[tuple[int, int]] = []
    for index in kept:
        extra = 0
        if index in stretching:
            extra, rest = share + (1 if rest else 0), max(0, rest - 1)
        widths.append((index, columns[index].width + extra))
    return widths


def _address_order(address: Address) -> tuple[int, int]:
    return address.version, int(address)


def _end(address: Address, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _source_fields(source: Source) -> FilterFields:
    return FilterFields({"src": source.address}, (), {}, str(source.address))


SOURCES = TableSpec(
    name="sources",
    title="Sources",
    rows=lambda snapshot: snapshot.sources,
    columns=(
        Column(
            "Source",
            24,
            lambda s, _: str(s.address),
            lambda s: _address_order(s.address),
            stretches=True,
            numeric=False,
        ),
        Column(
            "Rate",
            11,
            lambda s, _: format_rate(s.received.bytes_per_second),
            lambda s: s.received.bytes_per_second,
        ),
        Column(
            "Pkts/s",
            7,
            lambda s, _: format_count(s.received.packets_per_second),
            lambda s: s.received.packets_per_second,
            rank=1,
        ),
        Column("Bytes", 9, lambda s, _: format_bytes(s.received.bytes), lambda s: s.received.bytes),
        Column(
            "Packets", 8, lambda s, _: format_count(s.received.packets), lambda s: s.received.packets, rank=2
        ),
        Column("Dropped", 8, lambda s, _: format_count(s.blocked_packets), lambda s: s.blocked_packets),
        Column(
            "Seen",
            4,
            lambda s, now: format_age((now.clock_ns - s.last_seen_ns) / 1e9),
            lambda s: s.last_seen_ns,
        ),
    ),
    fields=_source_fields,
    identity=lambda source: source.address,
    network=lambda source: source.address,
    empty="nobody has sent anything yet",
    sorted_by=1,
)


def _process_name(connection: Connection) -> str:
    return "-" if connection.owner is None else connection.owner.process


def _round_trip(connection: Connection) -> str:
    return "-" if connection.round_trip_us is None else f"{connection.round_trip_us / 1000:.1f}ms"


def _told_of_connection(connection: Connection) -> str:
    """The process and the numbers of TCP, where the kernel told them."""
    owner = connection.owner
    if owner is None and connection.round_trip_us is None:
        return ""
    who = "process not known" if owner is None else f"{owner.process}, pid {owner.pid}, user {owner.uid}"
    return (
        f"{who}; round trip {_round_trip(connection)}, {connection.retransmits} retransmits\n"
        f"{_end(connection.local, connection.local_port)} - "
        f"{_end(connection.remote, connection.remote_port)}"
    )


def _connection_fields(connection: Connection) -> FilterFields:
    protocol = protocol_name(connection.protocol)
    return FilterFields(
        {"src": connection.remote, "dst": connection.local},
        (connection.local_port, connection.remote_port),
        {"proto": protocol, "state": connection.state.value, "process": _process_name(connection).lower()},
        f"{protocol} {_end(connection.local, connection.local_port)} "
        f"{_end(connection.remote, connection.remote_port)} {connection.state.value} "
        f"{_process_name(connection)}",
    )


CONNECTIONS = TableSpec(
    name="connections",
    title="Connections",
    rows=lambda snapshot: snapshot.connections,
    columns=(
        Column("Proto", 6, lambda c, _: protocol_name(c.protocol), lambda c: c.protocol, numeric=False),
        Column(
            "Remote",
            22,
            lambda c, _: _end(c.remote, c.remote_port),
            lambda c: (_address_order(c.remote), c.remote_port),
            stretches=True,
            numeric=False,
        ),
        Column(
            "Local",
            22,
            lambda c, _: _end(c.local, c.local_port),
            lambda c: (_address_order(c.local), c.local_port),
            stretches=True,
            numeric=False,
            rank=4,
        ),
        Column("Port", 5, lambda c, _: str(c.local_port), lambda c: c.local_port),
        Column("State", 11, lambda c, _: c.state.value, lambda c: c.state.value, numeric=False),
        Column(
            "In",
            11,
            lambda c, _: format_rate(c.received.bytes_per_second),
            lambda c: c.received.bytes_per_second,
        ),
        Column(
            "Out", 11, lambda c, _: format_rate(c.sent.bytes_per_second), lambda c: c.sent.bytes_per_second
        ),
        Column(
            "Rate", 11, lambda c, _: format_rate(c.bytes_per_second), lambda c: c.bytes_per_second, rank=3
        ),
        Column(
            "Bytes",
            9,
            lambda c, _: format_bytes(c.received.bytes + c.sent.bytes),
            lambda c: c.received.bytes + c.sent.bytes,
            rank=2,
        ),
        Column(
            "Age",
            4,
            lambda c, now: format_age((now.clock_ns - c.first_seen_ns) / 1e9),
            lambda c: -c.first_seen_ns,
            rank=1,
        ),
        Column("RTT", 8, lambda c, _: _round_trip(c), lambda c: c.round_trip_us or 0, rank=5),
        Column("Process", 15, lambda c, _: _process_name(c), _process_name, numeric=False, rank=6),
    ),
    fields=_connection_fields,
    detail=_told_of_connection,
    identity=lambda c: (c.protocol, c.local, c.local_port, c.remote, c.remote_port),
    network=lambda connection: connection.remote,
    empty="no connections yet",
    sorted_by=7,
)


def _process_fields(process: ProcessTraffic) -> FilterFields:
    owner = process.owner
    return FilterFields(
        {}, (), {"process": owner.process.lower()}, f"{owner.process} {owner.pid} {owner.uid}"
    )


PROCESSES = TableSpec(
    name="processes",
    title="Procs",
    rows=lambda snapshot: snapshot.processes,
    columns=(
        Column("Pid", 7, lambda p, _: str(p.owner.pid), lambda p: p.owner.pid),
        Column(
            "Process",
            15,
            lambda p, _: p.owner.process,
            lambda p: p.owner.process,
            stretches=True,
            numeric=False,
        ),
        Column("User", 6, lambda p, _: str(p.owner.uid), lambda p: p.owner.uid),
        Column("Conns", 5, lambda p, _: format_count(p.connections), lambda p: p.connections),
        Column(
            "In",
            11,
            lambda p, _: format_rate(p.received.bytes_per_second),
            lambda p: p.received.bytes_per_second,
        ),
        Column(
            "Out", 11, lambda p, _: format_rate(p.sent.bytes_per_second), lambda p: p.sent.bytes_per_second
        ),
        Column(
            "Bytes",
            9,
            lambda p, _: format_bytes(p.received.bytes + p.sent.bytes),
            lambda p: p.received.bytes + p.sent.bytes,
        ),
        Column("Resent", 6, lambda p, _: format_count(p.retransmits), lambda p: p.retransmits, rank=1),
    ),
    fields=_process_fields,
    identity=lambda process: process.owner.pid,
    network=None,
    empty="no connection whose process is known",
    sorted_by=6,
)


def _alert_fields(alert: Alert) -> FilterFields:
    return FilterFields(
        {"src": alert.source, "dst": alert.target},
        alert.ports,
        {"kind": alert.kind.value, "state": "active" if alert.active else "over"},
        f"{alert.source} {alert.target} {alert.reason}",
    )


def _technique(alert: Alert) -> str:
    return f"{alert.technique.name} ({alert.technique.value})"


def _evidence(alert: Alert) -> str:
    ports = ", ".join(str(port) for port in alert.ports)
    forged = "its source can be forged" if alert.forgeable else "its source is sure"
    return f"{alert.reason}.\nPorts {ports}; {alert.probes_per_second:.1f}/s; {forged}; ATT&CK {alert.mitre}"


ALERTS = TableSpec(
    name="alerts",
    title="Alerts",
    rows=lambda snapshot: snapshot.alerts,
    columns=(
        Column("No", 4, lambda a, _: str(a.number), lambda a: a.number),
        Column("Source", 15, lambda a, _: str(a.source), lambda a: _address_order(a.source), numeric=False),
        Column("Kind", 10, lambda a, _: a.kind.value, lambda a: a.kind.value, numeric=False, rank=2),
        Column(
            "Technique",
            16,
            lambda a, _: _technique(a),
            lambda a: a.technique.name,
            stretches=True,
            numeric=False,
        ),
        Column("Targets", 7, lambda a, _: str(a.targets), lambda a: a.targets),
        Column("Probes", 7, lambda a, _: str(a.probes), lambda a: a.probes),
        Column("Sure", 6, lambda a, _: a.confidence, lambda a: a.confidence, numeric=False, rank=1),
        Column("State", 6, lambda a, _: "active" if a.active else "over", lambda a: a.active, numeric=False),
        Column(
            "Last",
            4,
            lambda a, now: format_age((now.clock_ns - a.last_seen_ns) / 1e9),
            lambda a: a.last_seen_ns,
        ),
    ),
    fields=_alert_fields,
    identity=lambda alert: alert.number,
    network=lambda alert: alert.source,
    empty="nothing suspicious so far",
    sorted_by=0,
    detail=_evidence,
)


def _rule_fields(rule: RuleState) -> FilterFields:
    return FilterFields(
        {"src": rule.network.network_address},
        (),
        {"kind": rule.action.value},
        f"{rule.network} {rule.action.value} {rule.reason} {rule.origin}",
    )


def _expiry(rule: RuleState, now: Snapshot) -> str:
    return "never" if rule.expires is None else format_age(rule.expires - now.taken)


RULES = TableSpec(
    name="rules",
    title="Lists",
    rows=lambda snapshot: snapshot.rules,
    columns=(
        Column("Does", 5, lambda r, _: r.action.value, lambda r: r.action.value, numeric=False),
        Column(
            "Network",
            18,
            lambda r, _: str(r.network),
            lambda r: (_address_order(r.network.network_address), r.network.prefixlen),
            numeric=False,
            stretches=True,
        ),
        Column(
            "Reason",
            14,
            lambda r, _: r.reason or "-",
            lambda r: r.reason,
            numeric=False,
            stretches=True,
            rank=1,
        ),
        Column("Origin", 9, lambda r, _: r.origin, lambda r: r.origin, numeric=False, rank=2),
        Column("Expires", 7, _expiry, lambda r: -(r.expires or 1e12)),
        Column("Dropped", 8, lambda r, _: format_count(r.dropped.packets), lambda r: r.dropped.packets),
        Column(
            "Now",
            11,
            lambda r, _: format_rate(r.dropped.bytes_per_second),
            lambda r: r.dropped.bytes_per_second,
        ),
    ),
    fields=_rule_fields,
    identity=lambda rule: (rule.action, rule.network),
    network=lambda rule: rule.network,
    empty="no rules: block a source with b, allow one with a",
    sorted_by=5,
    detail=lambda rule: f"{rule.network}: {rule.reason or 'no reason given'} (from the {rule.origin})",
)
