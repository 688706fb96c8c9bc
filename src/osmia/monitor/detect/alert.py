"""What a detection rule sees and what it says."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "ODD_TECHNIQUES",
    "Alert",
    "DetectionRule",
    "ProbeEvidence",
    "ScanKind",
    "Technique",
    "distinct_values",
]

TARGET_BITS = 256
VALUE_BITS = 64
TOO_MANY = 100
"""Values of which a bitmap of 64 is nearly full."""
WIDE = 4
"""A scan of so many times more addresses than ports is a horizontal one."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ScanKind(Enum):
    """What a scan walks over."""

    VERTICAL = "vertical"
    """Many ports of one address."""
    HORIZONTAL = "horizontal"
    """One port, or few, of many addresses."""
    BLOCK = "block"
    """Many ports of many addresses."""
    DISTRIBUTED = "distributed"
    """Many ports of one address, each source with few of them."""
    POSSIBLE_DECOY = "possible decoy"
    """The same ports of one address from several sources at once: all but one may be innocent (nmap -D)."""


class Technique(Enum):
    """What a scan sends; the value is the option of nmap that sends it."""

    SYN = "-sS"
    CONNECT = "-sT"
    FIN = "-sF"
    NULL = "-sN"
    XMAS = "-sX"
    ACK = "-sA"
    MAIMON = "-sM"
    UDP = "-sU"
    SCTP = "-sY"
    PROTOCOL = "-sO"
    FRAGMENTS = "-f"
    MIXED = "mixed"

    @property
    def text(self) -> str:
        """In words."""
        return _TECHNIQUE_TEXT[self]


_TECHNIQUE_TEXT = {
    Technique.SYN: "SYN scan (nmap -sS)",
    Technique.CONNECT: "connect scan (nmap -sT)",
    Technique.FIN: "FIN scan (nmap -sF)",
    Technique.NULL: "NULL scan (nmap -sN)",
    Technique.XMAS: "XMAS scan (nmap -sX)",
    Technique.ACK: "ACK scan (nmap -sA)",
    Technique.MAIMON: "FIN and ACK scan (nmap -sM)",
    Technique.UDP: "UDP scan (nmap -sU)",
    Technique.SCTP: "SCTP scan (nmap -sY)",
    Technique.PROTOCOL: "scan of IP protocols (nmap -sO)",
    Technique.FRAGMENTS: "scan in tiny fragments (nmap -f)",
    Technique.MIXED: "mixed flags, as in nmap's operating system detection",
}

ODD_TECHNIQUES = frozenset(
    {Technique.FIN, Technique.NULL, Technique.XMAS, Technique.FRAGMENTS, Technique.MIXED}
)
"""Techniques whose packets make no sense by themselves."""


FAN_OUT_TECHNIQUES = frozenset({Technique.CONNECT, Technique.UDP})


class DetectionRule(Enum):
    """What found a scan."""

    FAST = "fast"
    """Many targets without an answer, or packets that make no sense, in one window."""
    SEQUENTIAL = "sequential"
    """Too many first contacts without an answer, however slowly: a sequential hypothesis test."""
    TARGET = "target"
    """Many ports of one address without an answer, whoever asked."""


@dataclass(frozen=True, slots=True)
class ProbeEvidence:
    """A scan cell, decoded. Times are ns of the monitor's clock; bitmaps are of hashes."""

    source: Address
    last_target: Address
    window_start_ns: int
    last_seen_ns: int
    targets: int
    """Bitmap of 256: the (address, port) probed."""
    answered: int
    """Those of `targets` that answered with more than a refusal."""
    settled: int
    """Those of `targets` that had the time to answer."""
    addresses: int
    """Bitmap of 64: the addresses probed."""
    numbers: int
    """Bitmap of 64: the ports probed."""
    probes: int
    by_technique: tuple[tuple[Technique, int], ...]
    """Probes of each technique that occurred."""
    ports: tuple[int, ...]
    """Ports of the last new targets, at most 8."""

    @property
    def closed(self) -> int:
        """Bitmap of the targets that have not answered in time."""
        return self.settled & ~self.answered

    @property
    def closed_targets(self) -> int:
        """How many, estimated; ports in a row spread too evenly for the estimate, but no probe has two."""
        return min(distinct_values(self.closed.bit_count(), TARGET_BITS), self.probes)

    @property
    def is_fan_out(self) -> bool:
        """Whether it looks like file sharing: each address asked for a port of its own, and some answer."""
        usual = all(technique in FAN_OUT_TECHNIQUES for technique, _ in self.by_technique)
        some = self.answered.bit_count() * 10 >= self.targets.bit_count()
        return usual and some and is_spread(self.addresses, self.numbers, self.closed_targets)

    @property
    def odd(self) -> int:
        """Probes that make no sense by themselves."""
        return sum(count for technique, count in self.by_technique if technique in ODD_TECHNIQUES)

    @property
    def technique(self) -> Technique:
        """The technique of nine probes in ten, else mixed; a few SYNs beside odd packets don't hide them."""
        return main_technique(self.by_technique)

    @property
    def sample(self) -> tuple[int, ...]:
        """The ports, each once."""
        return tuple(sorted(set(self.ports)))


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of a scan, updated while it lasts."""

    number: int
    source: Address
    target: Address
    """The address probed last."""
    kind: ScanKind
    technique: Technique
    first_seen_ns: int
    last_seen_ns: int
    probes: int
    targets: int
    """Distinct (address, port) without an answer in the fullest window, estimated."""
    ports: tuple[int, ...]
    confidence: str
    forgeable: bool
    """Whether the evidence can come from an address that the scanner does not own."""
    mitre: str
    """The technique of MITRE ATT&CK."""
    active: bool
    rule: DetectionRule = DetectionRule.FAST
    more_sources: tuple[Address, ...] = ()
    """Of a distributed scan or one with decoys: the other sources, the first 64."""

    @property
    def probes_per_second(self) -> float:
        """Over the episode; all of them where it lasted less than a second."""
        return self.probes / max((self.last_seen_ns - self.first_seen_ns) / 1e9, 1.0)

    @property
    def reason(self) -> str:
        """The alert in words."""
        span = "scan" if self.kind is ScanKind.VERTICAL else f"{self.kind.value} scan"
        told = f"{self.technique.text}: {span} of about {self.targets} targets, {self.probes} probes"
        if self.more_sources:
            told += f", from {len(self.more_sources) + 1} sources"
        if self.rule is DetectionRule.SEQUENTIAL:
            told += f", in {(self.last_seen_ns - self.first_seen_ns) / 60e9:.0f} minutes"
        return told


def main_technique(counts: tuple[tuple[Technique, int], ...]) -> Technique:
    """See `ProbeEvidence.technique`."""
    odd = [(technique, count) for technique, count in counts if technique in ODD_TECHNIQUES]
    total = sum(count for _, count in counts)
    considered = odd if sum(count for _, count in odd) * 2 >= total else list(counts)
    technique, count = max(considered, key=lambda item: item[1], default=(Technique.MIXED, 0))
    return technique if count * 10 >= sum(other for _, other in considered) * 9 else Technique.MIXED


def scan_kind(addresses: int, numbers: int) -> ScanKind:
    """What the bitmaps of addresses and ports say."""
    hosts = distinct_values(addresses.bit_count(), VALUE_BITS)
    ports = distinct_values(numbers.bit_count(), VALUE_BITS)
    if hosts <= 1:
        return ScanKind.VERTICAL
    return ScanKind.HORIZONTAL if ports <= 1 or hosts >= ports * WIDE else ScanKind.BLOCK


def is_spread(addresses: int, numbers: int, targets: int) -> bool:
    """Whether there are about as many addresses, and as many ports, as targets, or too many to tell."""
    enough = min(targets * 0.5, TOO_MANY)
    return all(
        distinct_values(bits.bit_count(), VALUE_BITS) > max(enough, 1) for bits in (addresses, numbers)
    )


def distinct_values(bits: int, size: int) -> int:
    """How many distinct values set so many of `size` bits: linear counting (Whang 1990), always bounded."""
    zeros = max(size - bits, 1)
    return round(size * math.log(size / zeros))
