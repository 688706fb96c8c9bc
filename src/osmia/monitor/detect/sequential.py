"""Slow scans: Threshold Random Walk over first contacts (Jung and others, IEEE S&P 2004), kept for a day.

Each first contact of a source has an outcome. An ordinary source succeeds with `THETA_0`, a scanner with
`THETA_1`; the likelihood ratio of the two walks up with each failure and down with each success, and no
window of time is in it: a probe every five minutes is found after as many probes as one each second.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from osmia.monitor.detect.alert import (
    TARGET_BITS,
    Address,
    ProbeEvidence,
    Technique,
    distinct_values,
    main_technique,
)

__all__ = ["FirstContacts", "SequentialTest"]

THETA_0, THETA_1 = 0.8, 0.2
FALSE_ALARM, MISS = 0.01, 0.01
FAILURE = math.log((1 - THETA_1) / (1 - THETA_0))
SUCCESS = math.log(THETA_1 / THETA_0)
SCANNER = math.log((1 - MISS) / FALSE_ALARM)
ORDINARY = math.log(MISS / (1 - FALSE_ALARM))

MAXIMUM_SOURCES = 65_536
RECOUNT_NS = 600_000_000_000
"""A success with the same target counts again after so long: a busy source stays an ordinary one."""


@dataclass(slots=True)
class FirstContacts:
    """What one source has tried."""

    first_ns: int
    last_ns: int
    failed: int = 0
    """Bitmap of 256: targets that gave no answer."""
    succeeded: int = 0
    """Targets that did, since `recount_ns`."""
    recount_ns: int = 0
    ratio: float = 0.0
    """Logarithm of the likelihood ratio."""
    window_start_ns: int = 0
    probes_before: int = 0
    """Of windows that are over."""
    window_probes: int = 0
    techniques: dict[Technique, int] = field(default_factory=dict[Technique, int])
    """Of windows that are over."""
    window_techniques: dict[Technique, int] = field(default_factory=dict[Technique, int])
    addresses: int = 0
    numbers: int = 0

    @property
    def failures(self) -> int:
        """Distinct targets that gave no answer, estimated."""
        return distinct_values(self.failed.bit_count(), TARGET_BITS)

    @property
    def probes(self) -> int:
        """All of them."""
        return self.probes_before + self.window_probes

    @property
    def technique(self) -> Technique:
        """Of most of the probes."""
        total = dict(self.techniques)
        for technique, count in self.window_techniques.items():
            total[technique] = total.get(technique, 0) + count
        return main_technique(tuple(total.items()))

    def take(self, evidence: ProbeEvidence, now_ns: int) -> None:
        """Walk on by the first contacts that are new in a cell."""
        if evidence.window_start_ns != self.window_start_ns:
            for technique, count in self.window_techniques.items():
                self.techniques[technique] = self.techniques.get(technique, 0) + count
            self.probes_before += self.window_probes
            self.window_start_ns = evidence.window_start_ns
        self.window_techniques = dict(evidence.by_technique)
        self.window_probes = evidence.probes
        self.last_ns = evidence.last_seen_ns
        self.addresses |= evidence.addresses
        self.numbers |= evidence.numbers
        if now_ns - self.recount_ns >= RECOUNT_NS:
            self.succeeded, self.recount_ns = 0, now_ns
        failures = evidence.closed & ~self.failed
        successes = evidence.answered & ~self.succeeded
        self.failed |= failures
        self.succeeded |= successes
        walked = self.ratio + failures.bit_count() * FAILURE + successes.bit_count() * SUCCESS
        self.ratio = max(walked, ORDINARY)


class SequentialTest:
    """The walks of all sources that ever asked where nobody listens; bounded, the least lately seen go."""

    def __init__(self) -> None:
        self._sources: OrderedDict[Address, FirstContacts] = OrderedDict()

    def observe(
        self, evidence: ProbeEvidence, now_ns: int, *, window_ns: int, targets: int
    ) -> FirstContacts | None:
        """Take in a cell; what the source did, where it is a scanner.

        What is older than `window_ns` is forgotten. Beyond the test itself, which four failures in a row
        decide, at least `targets` are wanted: a client of a machine that is down fails too.
        """
        contacts = self._sources.get(evidence.source)
        if contacts is None or evidence.window_start_ns - contacts.first_ns > window_ns:
            contacts = FirstContacts(evidence.window_start_ns, evidence.last_seen_ns, recount_ns=now_ns)
            self._sources[evidence.source] = contacts
        self._sources.move_to_end(evidence.source)
        if len(self._sources) > MAXIMUM_SOURCES:
            self._sources.popitem(last=False)
        contacts.take(evidence, now_ns)
        return contacts if contacts.ratio >= SCANNER and contacts.failures >= targets else None

    def forget(self, source: Address) -> None:
        """Begin anew with a source."""
        self._sources.pop(source, None)

    def items(self) -> Iterable[tuple[Address, FirstContacts]]:
        """All walks, the least lately seen first."""
        return tuple(self._sources.items())

    def restore(self, contacts: Mapping[Address, FirstContacts]) -> None:
        """Go on from walks that were kept; sources that are known already stay as they are."""
        for source, walk in contacts.items():
            if len(self._sources) < MAXIMUM_SOURCES:
                self._sources.setdefault(source, walk)
