"""JSON lines in the shape of Suricata's EVE log, or of ECS: stats, alert and drop events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import Enum

from osmia.monitor.detect.alert import Alert
from osmia.monitor.export.ecs import ecs_event
from osmia.monitor.export.snapshot import alert_to_json, rule_to_json, snapshot_to_json
from osmia.monitor.model import Network, RuleAction, Snapshot

__all__ = ["EventWriter", "Schema"]

TOP = 10
SEVERITY = {"high": 1, "medium": 2, "low": 3}


class Schema(Enum):
    """Whose names the fields of events have."""

    EVE = "eve"
    """Suricata's."""
    ECS = "ecs"
    """The Elastic Common Schema's."""


class EventWriter:
    """Turns snapshots into lines: `stats`, an `alert` for each new episode, a `drop` for each rule that hit.

    `stats.osmia` and `alert.metadata` are osmia's own extension.
    """

    def __init__(self, schema: Schema = Schema.EVE) -> None:
        self._schema = schema
        self._dropped: dict[Network, int] = {}

    def lines(
        self, snapshot: Snapshot, fresh_alerts: Iterable[Alert], *, with_stats: bool = True
    ) -> Iterator[str]:
        """The lines for one snapshot, without line ends."""
        for alert in fresh_alerts:
            yield self._line(self._alert(snapshot, alert))
        for event in self._drops(snapshot):
            yield self._line(event)
        if with_stats:
            yield self.stats_line(snapshot)

    def stats_line(self, snapshot: Snapshot) -> str:
        """The numbers of a snapshot, the ten largest sources and connections among them."""
        return self._line({**_header(snapshot, "stats"), "stats": {"osmia": snapshot_to_json(snapshot, TOP)}})

    def _line(self, event: dict[str, object]) -> str:
        made = event if self._schema is Schema.EVE else ecs_event(event)
        return json.dumps(made, separators=(",", ":"))

    def _alert(self, snapshot: Snapshot, alert: Alert) -> dict[str, object]:
        return {
            **_header(snapshot, "alert"),
            "src_ip": str(alert.source),
            "dest_ip": str(alert.target),
            "alert": {
                "action": "allowed",
                "gid": 1,
                "signature_id": 1,
                "rev": 1,
                "signature": alert.reason,
                "category": "Detection of a Network Scan",
                "severity": SEVERITY[alert.confidence],
                "metadata": alert_to_json(alert),
            },
        }

    def _drops(self, snapshot: Snapshot) -> Iterator[dict[str, object]]:
        """At most one event for each rule and snapshot."""
        for rule in snapshot.rules:
            if rule.action is not RuleAction.BLOCK:
                continue
            before = self._dropped.get(rule.network, 0)
            self._dropped[rule.network] = rule.dropped.packets
            if rule.dropped.packets > before:
                yield {
                    **_header(snapshot, "drop"),
                    "src_ip": str(rule.network),
                    "drop": {
                        "reason": rule.reason,
                        "packets": rule.dropped.packets - before,
                        "rule": rule_to_json(rule),
                    },
                }
        known = {rule.network for rule in snapshot.rules}
        for network in [network for network in self._dropped if network not in known]:
            del self._dropped[network]


def _header(snapshot: Snapshot, event_type: str) -> dict[str, object]:
    header: dict[str, object] = {
        "timestamp": datetime.fromtimestamp(snapshot.taken, UTC).isoformat(timespec="microseconds"),
        "event_type": event_type,
        "packets_from": snapshot.packets_from.value,
    }
    if len(snapshot.interfaces) == 1:
        header["in_iface"] = snapshot.interfaces[0].name
    return header
