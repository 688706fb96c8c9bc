"""Metrics for Prometheus, on loopback: sums only, so that no label grows with the traffic."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from osmia.errors import UsageError
from osmia.monitor import kernel
from osmia.monitor.detect.alert import Alert, ScanKind
from osmia.monitor.model import RuleAction, Snapshot, TrafficCount

__all__ = ["MonitorMetrics", "metrics_server"]


class MonitorMetrics(Collector):
    """The last snapshot as metrics; `subscriber` takes each snapshot.

    `lines_lost` gives the event lines that could not be written.
    """

    def __init__(self, lines_lost: Callable[[], int]) -> None:
        self._lines_lost = lines_lost
        self._snapshot: Snapshot | None = None
        self._alerts: Counter[ScanKind] = Counter()
        self._evicted: dict[str, int] = {}

    def subscriber(self, snapshot: Snapshot, fresh_alerts: tuple[Alert, ...]) -> None:
        """Take in a snapshot and the alerts that it raised."""
        self._alerts.update(alert.kind for alert in fresh_alerts)
        losses = snapshot.losses
        for name, count in (("sources", losses.sources_evicted), ("connections", losses.connections_evicted)):
            # The two readings that this is a difference of are not of one moment.
            self._evicted[name] = max(count, self._evicted.get(name, 0))
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """All metrics, as Prometheus asks for them."""
        info = GaugeMetricFamily("osmia_build_info", "Version of osmia.", labels=["version"])
        info.add_metric([importlib.metadata.version("osmia")], 1)
        yield info
        snapshot = self._snapshot
        if snapshot is not None:
            yield from _traffic(snapshot)
            yield from _maps(snapshot)
            yield from self._detection(snapshot)

    def _detection(self, snapshot: Snapshot) -> Iterator[Metric]:
        alerts = CounterMetricFamily("osmia_scan_alerts", "Episodes of scans.", labels=["kind"])
        for kind in ScanKind:
            alerts.add_metric([kind.value], self._alerts[kind])
        yield alerts
        evicted = CounterMetricFamily("osmia_map_evictions", "Rows that made room.", labels=["map"])
        for name, count in self._evicted.items():
            evicted.add_metric([name], count)
        yield evicted
        yield CounterMetricFamily(
            "osmia_events_lost",
            "Probe reports that found no room in the perf event array.",
            snapshot.losses.reports,
        )
        yield CounterMetricFamily(
            "osmia_log_lines_lost", "Event lines that could not be written.", self._lines_lost()
        )
        yield GaugeMetricFamily(
            "osmia_last_snapshot_timestamp_seconds", "When these numbers were read.", snapshot.taken
        )


def _traffic(snapshot: Snapshot) -> Iterator[Metric]:
    received = [(interface.name, interface.received) for interface in snapshot.interfaces]
    sent = [(interface.name, interface.sent) for interface in snapshot.interfaces]
    yield from _counts("receive", "that came in, dropped ones among them", received)
    yield from _counts("transmit", "that went out", sent)
    verdicts = CounterMetricFamily("osmia_packets", "Frames that came in, by verdict.", labels=["action"])
    verdicts.add_metric(["pass"], snapshot.received.packets - snapshot.dropped.packets)
    verdicts.add_metric(["drop"], snapshot.dropped.packets)
    yield verdicts
    errors = CounterMetricFamily("osmia_parse_errors", "Frames not parsed to the end.", labels=["reason"])
    for reason, count in snapshot.reasons:
        errors.add_metric([reason], count)
    yield errors


def _counts(name: str, what: str, counts: Iterable[tuple[str, TrafficCount]]) -> Iterator[Metric]:
    frame_bytes = CounterMetricFamily(
        f"osmia_interface_{name}_bytes", f"Layer-2 bytes of frames {what}.", labels=["interface"]
    )
    frames = CounterMetricFamily(f"osmia_interface_{name}_packets", f"Frames {what}.", labels=["interface"])
    for interface, count in counts:
        frame_bytes.add_metric([interface], count.bytes)
        frames.add_metric([interface], count.packets)
    yield frame_bytes
    yield frames


def _maps(snapshot: Snapshot) -> Iterator[Metric]:
    blocked = sum(rule.action is RuleAction.BLOCK for rule in snapshot.rules)
    rows = {
        "sources": (len(snapshot.sources), kernel.sources.max_entries),
        "connections": (len(snapshot.connections), kernel.connections.max_entries),
        "blocked": (blocked, kernel.blocked.max_entries),
        "allowed": (len(snapshot.rules) - blocked, kernel.allowed.max_entries),
    }
    entries = GaugeMetricFamily("osmia_map_entries", "Rows of a kernel map.", labels=["map"])
    capacity = GaugeMetricFamily("osmia_map_capacity", "Rows that a kernel map has room for.", labels=["map"])
    for name, (count, room) in rows.items():
        entries.add_metric([name], count)
        capacity.add_metric([name], room)
    yield entries
    yield capacity
    yield CounterMetricFamily(
        "osmia_map_insert_failures", "New rows that a full map did not take.", snapshot.losses.rows_refused
    )


@contextmanager
def metrics_server(listen: str, metrics: MonitorMetrics) -> Generator[int, None, None]:
    """Answer Prometheus at HOST:PORT inside the `with` block; the port, which 0 leaves to the kernel.

    Raises UsageError where the port is taken.
    """
    host, _, port = listen.rpartition(":")
    registry = CollectorRegistry()
    registry.register(metrics)
    try:
        server, thread = start_http_server(
            int(port), addr=host.removeprefix("[").removesuffix("]"), registry=registry
        )
    except OSError as error:
        raise UsageError(
            f"metrics cannot be served at {listen}: {error.strerror}", "set metrics.listen"
        ) from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
