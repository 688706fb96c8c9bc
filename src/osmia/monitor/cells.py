"""From the kernel's scan cells to the detector: which to read, and when their targets had time to answer."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from typing import SupportsBytes, cast

import osmia
from osmia.monitor import kernel
from osmia.monitor.addresses import address_from_kernel
from osmia.monitor.detect.alert import Alert, ProbeEvidence, Technique
from osmia.monitor.detect.detector import Detector
from osmia.monitor.records import ScanCell
from osmia.net import IPv6Address

__all__ = ["CellReader"]

MAXIMUM_CANDIDATES = 4096
CANDIDATE_LIFETIME_NS = 120_000_000_000
SWEEP_NS = 10_000_000_000
"""Between two readings of all cells: shorter than a window, so that no window is missed."""
ANSWER_NS = 1_000_000_000
"""Without an answer after so long, a target is taken as closed."""

TECHNIQUES: tuple[Technique, ...] = (
    Technique.MIXED,
    Technique.SYN,
    Technique.FIN,
    Technique.NULL,
    Technique.XMAS,
    Technique.MIXED,
    Technique.FRAGMENTS,
    Technique.CONNECT,
    Technique.ACK,
    Technique.MAIMON,
    Technique.UDP,
    Technique.SCTP,
    Technique.PROTOCOL,
)
"""By `ProbeKind`."""


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

    def read(self, clock_ns: int, *, all_cells: bool = False) -> list[Alert]:
        """Read what has changed, of all cells where it is time for that or asked for; the alerts raised."""
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
            evidence = self._evidence(packed, _content(cell), clock_ns)
            if evidence is None:
                continue
            self._judged[packed] = evidence
            alert = self.detector.observe(evidence)
            if alert is not None:
                fresh.append(alert)
        if all_cells or self._swept_ns is None or clock_ns - self._swept_ns >= SWEEP_NS:
            fresh += self._sweep(clock_ns)
            self._swept_ns = clock_ns
        self.detector.expire(clock_ns)
        return fresh

    def _sweep(self, clock_ns: int) -> list[Alert]:
        """Read all cells, for sources that never did enough in one window to be reported."""
        changed, self._judged = self._judged, {}
        looks, self._looks = self._looks, {}
        for source, cell in list(self._cells.items()):
            packed, content = bytes(source), _content(cell)
            if clock_ns - _LAST_SEEN.unpack_from(content, 8)[0] > CANDIDATE_LIFETIME_NS:
                # What a flood of forged sources left behind must not be read again and again.
                with contextlib.suppress(KeyError):
                    del self._cells[source]
                continue
            if packed in looks:
                self._looks[packed] = looks[packed]
            evidence = None if packed in self._candidates else self._evidence(packed, content, clock_ns)
            if evidence is not None:
                changed[packed] = evidence
        return self.detector.sweep(list(changed.values()), clock_ns)

    def _evidence(self, packed: bytes, content: bytes, clock_ns: int) -> ProbeEvidence | None:
        """A cell as evidence; None where it says nothing that was not judged before."""
        values: tuple[int, ...] = _NUMBERS.unpack_from(content)
        window_start, last_seen = values[0], values[1]
        targets, answered = _bitmap(values[3:7]), _bitmap(values[7:11])
        look = self._looks.get(packed)
        if look is not None and look.window_start != window_start:
            look = None
        settled = 0
        if clock_ns - last_seen >= ANSWER_NS:
            settled = targets
        elif look is not None:
            settled = look.settled | (look.targets if clock_ns - look.read_ns >= ANSWER_NS else 0)
        if look is not None and (look.last_seen, look.settled, look.answered) == (
            last_seen,
            settled,
            answered,
        ):
            return None
        if look is not None and clock_ns - look.read_ns < ANSWER_NS:
            self._looks[packed] = _Look(
                window_start, last_seen, look.targets, look.read_ns, settled, answered
            )
        else:
            self._looks[packed] = _Look(window_start, last_seen, targets, clock_ns, settled, answered)
        counts, (probes, _, distinct, _) = values[13:29], values[29:33]
        ports: tuple[int, ...] = _PORTS.unpack_from(content, _PORTS_OFFSET)
        return ProbeEvidence(
            source=address_from_kernel(packed),
            last_target=address_from_kernel(content[_TARGET_OFFSET:_PORTS_OFFSET]),
            window_start_ns=window_start,
            last_seen_ns=last_seen,
            targets=targets,
            answered=answered,
            settled=settled,
            addresses=values[11],
            numbers=values[12],
            probes=probes,
            by_technique=tuple((TECHNIQUES[index], count) for index, count in enumerate(counts) if count),
            ports=ports[: min(distinct, len(ports))],
        )


_NUMBERS = struct.Struct("=3Q4Q4Q2Q16I4I")
"""The numbers of a ScanCell: there may be 16,384 of them, and a field read costs 1 us."""
_LAST_SEEN = struct.Struct("=Q")
_TARGET_OFFSET = _NUMBERS.size + 16
_PORTS = struct.Struct(">8H")
_PORTS_OFFSET = _TARGET_OFFSET + 16


def _content(cell: ScanCell) -> bytes:
    return bytes(cast("SupportsBytes", cell))


def _bitmap(words: tuple[int, ...]) -> int:
    """256 bits as one number."""
    first, second, third, fourth = words
    return first | second << 64 | third << 128 | fourth << 192
