"""From the kernel's scan cells to the detector: which to read, and when their targets had time to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import osmia
from osmia.monitor import kernel
from osmia.monitor.addresses import address_from_kernel
from osmia.monitor.detect.alert import Alert, ProbeEvidence, Technique
from osmia.monitor.detect.detector import Detector
from osmia.monitor.records import ProbeKind, ScanCell
from osmia.net import IPv6Address

__all__ = ["CellReader"]

MAXIMUM_CANDIDATES = 4096
CANDIDATE_LIFETIME_NS = 120_000_000_000
SWEEP_NS = 10_000_000_000
"""Between two readings of all cells: shorter than a window, so that no window is missed."""
ANSWER_NS = 1_000_000_000
"""Without an answer after so long, a target is taken as closed."""

TECHNIQUES = {
    ProbeKind.SYN: Technique.SYN,
    ProbeKind.FIN: Technique.FIN,
    ProbeKind.NULL: Technique.NULL,
    ProbeKind.XMAS: Technique.XMAS,
    ProbeKind.ODD: Technique.MIXED,
    ProbeKind.TINY_FRAGMENT: Technique.FRAGMENTS,
    ProbeKind.CONNECT: Technique.CONNECT,
    ProbeKind.ACK: Technique.ACK,
    ProbeKind.MAIMON: Technique.MAIMON,
    ProbeKind.UDP: Technique.UDP,
    ProbeKind.SCTP: Technique.SCTP,
    ProbeKind.PROTOCOL: Technique.PROTOCOL,
}


@dataclass(slots=True)
class _Look:
    """What a cell held when it was last read."""

    window_start: int
    last_seen: int
    targets: int
    read_ns: int
    settled: int = 0
    answered: int = 0


class CellReader:
    """Reads the cells of sources that were reported, and all of them now and then.

    A report only says where to look. A target counts as closed when it had `ANSWER_NS` to answer: it was
    in the cell at a reading so long ago, or the source has been silent since. Make it before anything is
    attached, so that no report is missed.
    """

    def __init__(self, bpf: osmia.Bpf, detector: Detector) -> None:
        self.detector = detector
        self._cells = bpf[kernel.scan_cells]
        self._reports = bpf[kernel.probe_reports]
        self._looks: dict[bytes, _Look] = {}
        self._candidates: dict[bytes, None] = {}
        self._judged: dict[bytes, ProbeEvidence] = {}
        self._swept_ns: int | None = None

    @property
    def reports_lost(self) -> int:
        """Reports that found no room in the perf buffer."""
        return self._reports.lost

    def read(self, clock_ns: int) -> list[Alert]:
        """Read what has changed; the alerts that it raises."""
        fresh: list[Alert] = []
        for report in self._reports.read(0):
            self._candidates[bytes(report.source)] = None
            if len(self._candidates) > MAXIMUM_CANDIDATES:
                del self._candidates[next(iter(self._candidates))]
        for packed in list(self._candidates):
            cell = self._cells.get(IPv6Address.from_bytes(packed))
            if cell is None or clock_ns - int(cell.last_seen) > CANDIDATE_LIFETIME_NS:
                del self._candidates[packed]
                continue
            evidence = self._evidence(packed, cell, clock_ns)
            if evidence is None:
                continue
            self._judged[packed] = evidence
            alert = self.detector.observe(evidence)
            if alert is not None:
                fresh.append(alert)
        if self._swept_ns is None or clock_ns - self._swept_ns >= SWEEP_NS:
            fresh += self._sweep(clock_ns)
            self._swept_ns = clock_ns
        self.detector.expire(clock_ns)
        return fresh

    def _sweep(self, clock_ns: int) -> list[Alert]:
        """Read all cells, for sources that never did enough in one window to be reported."""
        cells = [(bytes(source), cell) for source, cell in self._cells.items()]
        present = {packed for packed, _ in cells}
        self._looks = {packed: look for packed, look in self._looks.items() if packed in present}
        changed, self._judged = self._judged, {}
        for packed, cell in cells:
            evidence = None if packed in self._candidates else self._evidence(packed, cell, clock_ns)
            if evidence is not None:
                changed[packed] = evidence
        return self.detector.sweep(list(changed.values()), clock_ns)

    def _evidence(self, packed: bytes, cell: ScanCell, clock_ns: int) -> ProbeEvidence | None:
        """A cell as evidence; None where it says nothing that was not judged before."""
        window_start, last_seen = int(cell.window_start), int(cell.last_seen)
        targets, answered = _bitmap(cell.targets), _bitmap(cell.answered)
        look = self._looks.get(packed)
        known = look is not None and look.window_start == window_start
        settled = 0
        if clock_ns - last_seen >= ANSWER_NS:
            settled = targets
        elif look is not None and known:
            settled = look.settled | (look.targets if clock_ns - look.read_ns >= ANSWER_NS else 0)
        if (
            look is not None
            and known
            and (look.last_seen, look.settled, look.answered) == (last_seen, settled, answered)
        ):
            return None
        read_ns = clock_ns
        if look is not None and known and clock_ns - look.read_ns < ANSWER_NS:
            read_ns = look.read_ns
            kept = look.targets
        else:
            kept = targets
        self._looks[packed] = _Look(window_start, last_seen, kept, read_ns, settled, answered)
        counts = [(TECHNIQUES[kind], int(cell.counts[kind])) for kind in TECHNIQUES]
        distinct = int(cell.distinct)
        return ProbeEvidence(
            source=address_from_kernel(packed),
            last_target=address_from_kernel(bytes(cell.last_target)),
            window_start_ns=window_start,
            last_seen_ns=last_seen,
            targets=targets,
            answered=answered,
            settled=settled,
            addresses=int(cell.addresses),
            numbers=int(cell.numbers),
            probes=int(cell.probes),
            by_technique=tuple((technique, count) for technique, count in counts if count),
            ports=tuple(int(port) for port in list(cell.ports)[: min(distinct, len(cell.ports))]),
        )


def _bitmap(words: object) -> int:
    """256 bits as one number."""
    parts = [int(word) for word in cast("list[osmia.u64]", list(cast("list[osmia.u64]", words)))]
    return sum(part << (64 * index) for index, part in enumerate(parts))
