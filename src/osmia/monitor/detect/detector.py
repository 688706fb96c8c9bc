"""The rules together: from what the scan cells hold to alerts, one for each episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from osmia.monitor.detect.alert import (
    Address,
    Alert,
    DetectionRule,
    ProbeEvidence,
    ScanKind,
    Technique,
    is_spread,
    main_technique,
    scan_kind,
)
from osmia.monitor.detect.episodes import Episode, Episodes
from osmia.monitor.detect.sequential import FirstContacts, SequentialTest

__all__ = ["Detector", "Thresholds"]

TOGETHER_NS = 5_000_000_000
"""Sources that begin to probe the same ports within so long may be decoys of one another."""
COMMON_PORTS = 3
SAME_SHARE = 0.5
FRESH_NS = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When probes are a scan."""

    targets: int = 15
    """Distinct (address, port) of one source without an answer in one window."""
    odd: int = 5
    """Packets of one source that make no sense in one window."""
    silence_ns: int = 60_000_000_000
    """Without a probe for so long, the episode of a fast scan is over."""
    slow_targets: int = 8
    """Distinct (address, port) of one source without an answer, for the sequential test."""
    slow_window_ns: int = 86_400_000_000_000
    """How long the sequential test remembers, and the silence that ends the episode of a slow scan."""
    distributed_sources: int = 5
    distributed_ports: int = 30
    """Ports of one address without an answer, asked for by at least `distributed_sources` within a minute."""


class Detector:
    """Turns evidence into alerts: one for each episode, updated while it lasts."""

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self.thresholds = thresholds or Thresholds()
        self.walks = SequentialTest()
        self._episodes = Episodes()
        self._latest: dict[Address, ProbeEvidence] = {}

    def observe(self, evidence: ProbeEvidence) -> Alert | None:
        """Judge one cell by the fast rule; the alert where it opens an episode.

        None where it is an update, a further source of a scan that is known, or not enough.
        """
        self.expire(evidence.last_seen_ns)
        enough = self._is_scan(evidence)
        episode = self._episodes.of_source(evidence.source)
        if episode is not None:
            episode.update(evidence, high=evidence.odd >= self.thresholds.odd)
            if enough:
                episode.silence_ns = self.thresholds.silence_ns
            return None
        if not enough:
            return None
        companion = self._companion(evidence)
        if companion is not None:
            companion.join(evidence, ScanKind.POSSIBLE_DECOY)
            self._episodes.add_source(evidence.source, companion)
            return None
        odd = evidence.odd >= self.thresholds.odd
        alert = replace(_alert(evidence, DetectionRule.FAST), confidence="high" if odd else "medium")
        episode = Episode(alert, self.thresholds.silence_ns, evidence.addresses, evidence.numbers)
        episode.take(evidence)
        return self._episodes.open(episode)

    def sweep(self, cells: Sequence[ProbeEvidence], now_ns: int) -> list[Alert]:
        """Judge all cells that have changed since the last sweep by the slow and the target rule."""
        self.expire(now_ns)
        fresh: list[Alert] = []
        for evidence in cells:
            if not evidence.closed:
                continue
            self._latest[evidence.source] = evidence
            episode = self._episodes.of_source(evidence.source)
            if episode is not None:
                episode.update(evidence, high=False)
                continue
            contacts = self.walks.observe(
                evidence,
                now_ns,
                window_ns=self.thresholds.slow_window_ns,
                targets=self.thresholds.slow_targets,
            )
            if contacts is not None and not is_spread(
                contacts.addresses, contacts.numbers, contacts.failures
            ):
                fresh.append(self._open_slow(evidence, contacts))
        self._latest = {
            source: evidence
            for source, evidence in self._latest.items()
            if now_ns - evidence.last_seen_ns <= FRESH_NS
        }
        return [*fresh, *self._judge_targets()]

    def expire(self, now_ns: int) -> None:
        """End the episodes that have been silent for long enough."""
        for source in self._episodes.expire(now_ns):
            self.walks.forget(source)

    def alerts(self) -> tuple[Alert, ...]:
        """All alerts that are remembered, the newest first."""
        return self._episodes.alerts()

    def _is_scan(self, evidence: ProbeEvidence) -> bool:
        if evidence.odd >= self.thresholds.odd:
            return True
        return evidence.closed_targets >= self.thresholds.targets and not evidence.is_fan_out

    def _open_slow(self, evidence: ProbeEvidence, contacts: FirstContacts) -> Alert:
        alert = replace(
            _alert(evidence, DetectionRule.SEQUENTIAL),
            kind=scan_kind(contacts.addresses, contacts.numbers),
            technique=contacts.technique,
            first_seen_ns=contacts.first_ns,
            probes=contacts.probes,
            targets=contacts.failures,
        )
        episode = Episode(alert, self.thresholds.slow_window_ns, contacts.addresses, contacts.numbers)
        episode.take(evidence, contacts.probes_before)
        return self._episodes.open(episode)

    def _companion(self, evidence: ProbeEvidence) -> Episode | None:
        """An episode of another source that probes the same ports of the same address at the same time."""
        if scan_kind(evidence.addresses, evidence.numbers) is not ScanKind.VERTICAL:
            return None
        for episode in self._episodes.recent():
            alert = episode.alert
            if (
                alert.rule is DetectionRule.FAST
                and alert.kind in (ScanKind.VERTICAL, ScanKind.POSSIBLE_DECOY)
                and alert.target == evidence.last_target
                and alert.technique is evidence.technique
                and abs(alert.first_seen_ns - evidence.window_start_ns) <= TOGETHER_NS
                and len(set(alert.ports) & set(evidence.ports)) >= COMMON_PORTS
                and evidence.closed_targets >= alert.targets * SAME_SHARE
            ):
                return episode
        return None

    def _judge_targets(self) -> list[Alert]:
        """Count for each target what sources without an episode of their own have tried there."""
        by_target: dict[Address, list[ProbeEvidence]] = {}
        for evidence in self._latest.values():
            if self._episodes.of_source(evidence.source) is None:
                by_target.setdefault(evidence.last_target, []).append(evidence)
        fresh: list[Alert] = []
        for target, group in by_target.items():
            ports = {port for evidence in group for port in evidence.ports}
            episode = self._episodes.of_target(target)
            if episode is not None:
                for evidence in group:
                    episode.join(evidence, ScanKind.DISTRIBUTED)
                episode.alert = replace(episode.alert, targets=max(episode.alert.targets, len(ports)))
            elif (
                len(group) >= self.thresholds.distributed_sources
                and len(ports) >= self.thresholds.distributed_ports
            ):
                fresh.append(self._open_distributed(group, ports))
        return fresh

    def _open_distributed(self, group: list[ProbeEvidence], ports: set[int]) -> Alert:
        group.sort(key=lambda evidence: evidence.window_start_ns)
        counts: dict[Technique, int] = {}
        for technique, count in (item for evidence in group for item in evidence.by_technique):
            counts[technique] = counts.get(technique, 0) + count
        alert = replace(
            _alert(group[0], DetectionRule.TARGET),
            technique=main_technique(tuple(counts.items())),
            targets=len(ports),
            ports=tuple(sorted(ports)[:8]),
        )
        episode = Episode(alert, self.thresholds.silence_ns)
        for evidence in group:
            episode.join(evidence, ScanKind.DISTRIBUTED)
        return self._episodes.open(episode, of_target=True)


def _alert(evidence: ProbeEvidence, rule: DetectionRule) -> Alert:
    """What one cell says; the number is given when the episode is opened."""
    return Alert(
        number=0,
        source=evidence.source,
        target=evidence.last_target,
        kind=scan_kind(evidence.addresses, evidence.numbers),
        technique=evidence.technique,
        first_seen_ns=evidence.window_start_ns,
        last_seen_ns=evidence.last_seen_ns,
        probes=evidence.probes,
        targets=evidence.closed_targets,
        ports=evidence.sample,
        confidence="medium",
        forgeable=True,
        mitre="T1046" if evidence.source.is_private else "T1595.001",
        active=True,
        rule=rule,
    )
