"""Scans that go on: each is one alert, updated until it has been silent for long enough."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from osmia.monitor.detect.alert import Address, Alert, DetectionRule, ProbeEvidence, ScanKind, scan_kind

__all__ = ["Episode", "Episodes"]

MAXIMUM_EPISODES = 4096
MAXIMUM_SOURCES = 64
MAXIMUM_RECENT = 64


@dataclass(slots=True)
class _Share:
    """The probes of one source in an episode: of windows that are over, and of the present one."""

    window_start_ns: int
    before: int
    now: int

    @property
    def total(self) -> int:
        return self.before + self.now


@dataclass(slots=True)
class Episode:
    """What is remembered of one scan."""

    alert: Alert
    silence_ns: int
    """Without a probe for so long, it is over."""
    addresses: int = 0
    numbers: int = 0
    shares: dict[Address, _Share] = field(default_factory=dict[Address, _Share])

    def take(self, evidence: ProbeEvidence, before: int = 0) -> None:
        """Count a source's probes; `before` are those of windows that were seen before the episode began."""
        share = self.shares.get(evidence.source)
        if share is None:
            self.shares[evidence.source] = _Share(evidence.window_start_ns, before, evidence.probes)
            return
        if share.window_start_ns != evidence.window_start_ns:
            share.before += share.now
            share.window_start_ns = evidence.window_start_ns
        share.now = evidence.probes

    def update(self, evidence: ProbeEvidence, *, high: bool) -> None:
        """Take in what a source did meanwhile."""
        self.take(evidence)
        alert = self.alert
        self.addresses |= evidence.addresses
        self.numbers |= evidence.numbers
        single = alert.kind in (ScanKind.POSSIBLE_DECOY, ScanKind.DISTRIBUTED)
        # The first probes of a new window say less of the technique than a full one before did.
        fuller = evidence.closed_targets >= alert.targets or alert.rule is DetectionRule.SEQUENTIAL
        self.alert = replace(
            alert,
            target=evidence.last_target,
            kind=alert.kind if single else scan_kind(self.addresses, self.numbers),
            technique=evidence.technique if fuller and not single else alert.technique,
            last_seen_ns=max(evidence.last_seen_ns, alert.last_seen_ns),
            probes=sum(share.total for share in self.shares.values()),
            targets=max(alert.targets, evidence.closed_targets),
            ports=evidence.sample or alert.ports,
            confidence="high" if high and not single else alert.confidence,
        )

    def join(self, evidence: ProbeEvidence, kind: ScanKind) -> None:
        """Take a further source in."""
        self.take(evidence)
        others = [source for source in self.shares if source != self.alert.source]
        self.alert = replace(
            self.alert,
            kind=kind,
            confidence="low",
            more_sources=tuple(others[:MAXIMUM_SOURCES]),
            last_seen_ns=max(evidence.last_seen_ns, self.alert.last_seen_ns),
            probes=sum(share.total for share in self.shares.values()),
        )


class Episodes:
    """Episodes by source (of distributed scans, by target), bounded; and those that are over."""

    def __init__(self) -> None:
        self._active: OrderedDict[tuple[str, Address], Episode] = OrderedDict()
        self._ended: OrderedDict[int, Alert] = OrderedDict()
        self._recent: deque[Episode] = deque(maxlen=MAXIMUM_RECENT)
        self._count = 0

    def of_source(self, source: Address) -> Episode | None:
        """The episode in which a source takes part."""
        return self._active.get(("source", source))

    def of_target(self, target: Address) -> Episode | None:
        """The distributed scan of a target."""
        return self._active.get(("target", target))

    def open(self, episode: Episode, *, of_target: bool = False) -> Alert:
        """Begin an episode; its alert, numbered."""
        self._count += 1
        episode.alert = replace(episode.alert, number=self._count)
        key = ("target", episode.alert.target) if of_target else ("source", episode.alert.source)
        self._active[key] = episode
        self._recent.append(episode)
        self._trim()
        return episode.alert

    def add_source(self, source: Address, episode: Episode) -> None:
        """Let a further source take part in an episode."""
        self._active["source", source] = episode
        self._trim()

    def recent(self) -> Iterable[Episode]:
        """The last episodes that began, as far as they go on."""
        return [episode for episode in self._recent if self.of_source(episode.alert.source) is episode]

    def expire(self, now_ns: int) -> list[Address]:
        """End the episodes that have been silent for long enough; their sources."""
        over = [
            key
            for key, episode in self._active.items()
            if now_ns - episode.alert.last_seen_ns >= episode.silence_ns
        ]
        for key in over:
            self._end(key)
        return [address for role, address in over if role == "source"]

    def alerts(self) -> tuple[Alert, ...]:
        """All alerts that are remembered, the newest first."""
        known = dict(self._ended)
        known.update({episode.alert.number: episode.alert for episode in self._active.values()})
        return tuple(sorted(known.values(), key=lambda alert: -alert.number))

    def _trim(self) -> None:
        if len(self._active) > MAXIMUM_EPISODES:
            self._end(next(iter(self._active)))

    def _end(self, key: tuple[str, Address]) -> None:
        alert = self._active.pop(key).alert
        self._ended[alert.number] = replace(alert, active=False)
        while len(self._ended) > MAXIMUM_EPISODES:
            self._ended.popitem(last=False)
