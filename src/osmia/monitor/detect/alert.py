"""What a detection rule sees and what it says."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from enum import Enum

__all__ = ["Alert", "ProbeEvidence", "ScanKind", "Technique", "distinct_targets"]

BITMAP_BITS = 256


class ScanKind(Enum):
    """What a scan walks over."""

    VERTICAL = "vertical"
    """Many ports of one address."""
    HORIZONTAL = "horizontal"
    """One port of many addresses."""
    BLOCK = "block"
    """Many ports of many addresses."""


class Technique(Enum):
    """What a scan sends; the value is the option of nmap that sends it."""

    SYN = "-sS"
    FIN = "-sF"
    NULL = "-sN"
    XMAS = "-sX"
    FRAGMENTS = "-f"
    MIXED = "mixed"

    @property
    def text(self) -> str:
        """In words."""
        return _TECHNIQUE_TEXT[self]


_TECHNIQUE_TEXT = {
    Technique.SYN: "SYN or connect scan (nmap -sS, -sT)",
    Technique.FIN: "FIN scan (nmap -sF)",
    Technique.NULL: "NULL scan (nmap -sN)",
    Technique.XMAS: "XMAS scan (nmap -sX)",
    Technique.FRAGMENTS: "scan in tiny fragments (nmap -f)",
    Technique.MIXED: "mixed flags, as in nmap's operating system detection",
}


@dataclass(frozen=True, slots=True)
class ProbeEvidence:
    """A scan cell, decoded. Times are ns of the monitor's clock."""

    source: ipaddress.IPv4Address | ipaddress.IPv6Address
    last_target: ipaddress.IPv4Address | ipaddress.IPv6Address
    window_start_ns: int
    last_seen_ns: int
    distinct_bits: int
    """Bits set in the bitmap of 256."""
    probes: int
    by_technique: tuple[tuple[Technique, int], ...]
    """Probes of each technique that occurred."""
    ports: tuple[int, ...]
    """Ports probed last, at most 8."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of a scan, updated while it lasts."""

    number: int
    source: ipaddress.IPv4Address | ipaddress.IPv6Address
    target: ipaddress.IPv4Address | ipaddress.IPv6Address
    """The address probed last."""
    kind: ScanKind
    technique: Technique
    first_seen_ns: int
    last_seen_ns: int
    probes: int
    targets: int
    """Distinct (address, port) in the fullest window, estimated."""
    ports: tuple[int, ...]
    confidence: str
    forgeable: bool
    """Whether the evidence can come from an address that the scanner does not own."""
    mitre: str
    """The technique of MITRE ATT&CK."""
    active: bool

    @property
    def probes_per_second(self) -> float:
        """Over the episode; all of them where it lasted less than a second."""
        return self.probes / max((self.last_seen_ns - self.first_seen_ns) / 1e9, 1.0)

    @property
    def reason(self) -> str:
        """The alert in words."""
        span = "scan" if self.kind is ScanKind.VERTICAL else f"{self.kind.value} scan"
        return f"{self.technique.text}: {span} of about {self.targets} targets, {self.probes} probes"


def distinct_targets(bits: int) -> int:
    """How many distinct targets set so many of 256 bits: linear counting (Whang 1990), always bounded."""
    zeros = max(BITMAP_BITS - bits, 1)
    return round(BITMAP_BITS * math.log(BITMAP_BITS / zeros))
