"""The fast rule: many distinct targets, or packets that make no sense, from one source in one window."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from osmia.monitor.detect.alert import Alert, ProbeEvidence, ScanKind, Technique, distinct_targets

__all__ = ["ProbeDetector", "ProbeThresholds"]

MAXIMUM_EPISODES = 4096
MAXIMUM_ADDRESSES = 64


@dataclass(frozen=True, slots=True)
class ProbeThresholds:
    """When a source's probes are a scan."""

    targets: int = 15
    """Distinct (address, port) in one window."""
    odd: int = 5
    """Packets that make no sense in one window."""
    silence_ns: int = 60_000_000_000
    """Without a probe for so long, the episode is over."""


@dataclass(slots=True)
class _Episode:
    """What is remembered of one scan."""

    alert: Alert
    window_start_ns: int
    probes_before: int = 0
    """Probes of the windows that are over."""
    probes_in_window: int = 0
    addresses: set[str] = field(default_factory=set[str])


class ProbeDetector:
    """Turns evidence into alerts: one for each episode, updated while it lasts."""

    def __init__(self, thresholds: ProbeThresholds | None = None) -> None:
        self.thresholds = thresholds or ProbeThresholds()
        self._episodes: OrderedDict[str, _Episode] = OrderedDict()
        self._ended: OrderedDict[int, Alert] = OrderedDict()
        self._count = 0

    def observe(self, evidence: ProbeEvidence) -> Alert | None:
        """Take in one cell; the alert where it opens an episode, None where it is an update or not enough."""
        self.expire(evidence.last_seen_ns)
        episode = self._episodes.get(str(evidence.source))
        if episode is not None:
            self._update(episode, evidence)
            return None
        if not self._is_scan(evidence):
            return None
        self._count += 1
        alert = Alert(
            number=self._count,
            source=evidence.source,
            target=evidence.last_target,
            kind=_kind(evidence, 1),
            technique=_technique(evidence),
            first_seen_ns=evidence.window_start_ns,
            last_seen_ns=evidence.last_seen_ns,
            probes=evidence.probes,
            targets=_targets(evidence),
            ports=_ports(evidence),
            confidence="high" if _odd(evidence) >= self.thresholds.odd else "medium",
            forgeable=True,
            mitre="T1046" if evidence.source.is_private else "T1595.001",
            active=True,
        )
        episode = _Episode(alert, evidence.window_start_ns, 0, evidence.probes, {str(evidence.last_target)})
        self._episodes[str(evidence.source)] = episode
        if len(self._episodes) > MAXIMUM_EPISODES:
            self._end(next(iter(self._episodes)))
        return alert

    def expire(self, now_ns: int) -> None:
        """End the episodes that have been silent for long enough."""
        silent = [
            source
            for source, episode in self._episodes.items()
            if now_ns - episode.alert.last_seen_ns >= self.thresholds.silence_ns
        ]
        for source in silent:
            self._end(source)

    @property
    def watched(self) -> Iterable[str]:
        """The sources with an episode that goes on."""
        return tuple(self._episodes)

    def alerts(self) -> tuple[Alert, ...]:
        """All alerts that are remembered, the newest first."""
        active = [episode.alert for episode in self._episodes.values()]
        return tuple(sorted([*active, *self._ended.values()], key=lambda alert: -alert.number))

    def _is_scan(self, evidence: ProbeEvidence) -> bool:
        enough = _targets(evidence) >= self.thresholds.targets
        return enough or _odd(evidence) >= self.thresholds.odd

    def _update(self, episode: _Episode, evidence: ProbeEvidence) -> None:
        if evidence.window_start_ns != episode.window_start_ns:
            episode.probes_before += episode.probes_in_window
            episode.window_start_ns = evidence.window_start_ns
        episode.probes_in_window = evidence.probes
        if len(episode.addresses) < MAXIMUM_ADDRESSES:
            episode.addresses.add(str(evidence.last_target))
        stronger = _odd(evidence) >= self.thresholds.odd
        episode.alert = replace(
            episode.alert,
            target=evidence.last_target,
            kind=_kind(evidence, len(episode.addresses)),
            technique=_technique(evidence) if self._is_scan(evidence) else episode.alert.technique,
            last_seen_ns=max(evidence.last_seen_ns, episode.alert.last_seen_ns),
            probes=episode.probes_before + episode.probes_in_window,
            targets=max(episode.alert.targets, _targets(evidence)),
            ports=_ports(evidence) or episode.alert.ports,
            confidence="high" if stronger else episode.alert.confidence,
        )

    def _end(self, source: str) -> None:
        alert = self._episodes.pop(source).alert
        self._ended[alert.number] = replace(alert, active=False)
        while len(self._ended) > MAXIMUM_EPISODES:
            self._ended.popitem(last=False)


def _targets(evidence: ProbeEvidence) -> int:
    """Estimated; ports in a row spread too evenly for the estimate, but no probe has two targets."""
    return min(distinct_targets(evidence.distinct_bits), evidence.probes)


def _odd(evidence: ProbeEvidence) -> int:
    return sum(count for technique, count in evidence.by_technique if technique is not Technique.SYN)


def _technique(evidence: ProbeEvidence) -> Technique:
    """The technique of nine probes in ten, else mixed; a few SYNs beside odd packets don't hide them."""
    odd = [(technique, count) for technique, count in evidence.by_technique if technique is not Technique.SYN]
    considered = odd if sum(count for _, count in odd) * 2 >= evidence.probes else list(evidence.by_technique)
    technique, count = max(considered, key=lambda item: item[1], default=(Technique.MIXED, 0))
    return technique if count * 10 >= sum(other for _, other in considered) * 9 else Technique.MIXED


def _kind(evidence: ProbeEvidence, addresses: int) -> ScanKind:
    if len(set(evidence.ports)) <= 1 and evidence.distinct_bits > 1:
        return ScanKind.HORIZONTAL
    return ScanKind.BLOCK if addresses > 1 else ScanKind.VERTICAL


def _ports(evidence: ProbeEvidence) -> tuple[int, ...]:
    return tuple(sorted(set(evidence.ports)))
