"""The scans that the monitor is judged by: one row each."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.detection.laboratory import SCANNER, TARGET, TARGET6, ZOMBIES
from osmia.monitor.detect.alert import ScanKind, Technique

NMAP = ("nmap", "-n", "-Pn", "--disable-arp-ping", "--max-retries", "1")


@dataclass(frozen=True)
class Scan:
    """One command, and what should be said of it."""

    name: str
    command: tuple[str, ...]
    kind: ScanKind
    technique: Technique
    spacing: float | None = None
    """Seconds between probes, where the capture's clock is moved."""
    alerts: int = 1

    @property
    def shown(self) -> str:
        """The command as one line."""
        own = self.command[: len(NMAP)] == NMAP
        return " ".join(("nmap", *self.command[len(NMAP) :]) if own else self.command)


def _nmap(name: str, *options: str, technique: Technique, kind: ScanKind = ScanKind.VERTICAL) -> Scan:
    return Scan(name, (*NMAP, *options), kind, technique)


_V, _H, _B = ScanKind.VERTICAL, ScanKind.HORIZONTAL, ScanKind.BLOCK
_ZOMBIES = " & ".join(
    f"nmap -n -Pn -sS -S {source} -e veth-a --max-retries 0 -p {100 + n * 10}-{105 + n * 10} {TARGET}"
    for n, source in enumerate(ZOMBIES)
)

SCANS: tuple[Scan, ...] = (
    _nmap("SYN", "-sS", "-p1-200", TARGET, technique=Technique.SYN),
    _nmap("connect", "-sT", "-p1-200", TARGET, technique=Technique.CONNECT),
    _nmap("FIN", "-sF", "-p1-200", TARGET, technique=Technique.FIN),
    _nmap("NULL", "-sN", "-p1-200", TARGET, technique=Technique.NULL),
    _nmap("Xmas", "-sX", "-p1-200", TARGET, technique=Technique.XMAS),
    _nmap("ACK", "-sA", "-p1-200", TARGET, technique=Technique.ACK),
    _nmap("FIN and ACK", "-sM", "-p1-200", TARGET, technique=Technique.MAIMON),
    _nmap("UDP", "-sU", "-p1-60", TARGET, technique=Technique.UDP),
    _nmap("SCTP INIT", "-sY", "-p1-60", TARGET, technique=Technique.SCTP),
    _nmap("IP protocols", "-sO", "-p100-130", TARGET, technique=Technique.PROTOCOL),
    _nmap("tiny fragments", "-sS", "-f", "-p1-200", TARGET, technique=Technique.FRAGMENTS),
    _nmap(
        "with decoys",
        *("-sS", "-D", "10.77.0.231,10.77.0.232,10.77.0.233,ME", "-p1-200", TARGET),
        technique=Technique.SYN,
        kind=ScanKind.POSSIBLE_DECOY,
    ),
    _nmap("SYN over IPv6", "-6", "-sS", "-p1-200", TARGET6, technique=Technique.SYN),
    _nmap("SYN, -T2", "-T2", "-sS", "-p1-40", TARGET, technique=Technique.SYN),
    Scan("SYN, -T1, clock moved", (*NMAP, "-sS", "-p100-140", TARGET), _V, Technique.SYN, 15.0),
    Scan("SYN, -T0, clock moved", (*NMAP, "-sS", "-p100-140", TARGET), _V, Technique.SYN, 300.0),
    _nmap("one port of 40 addresses", "-sS", "-p8080", "10.77.0.10-49", technique=Technique.SYN, kind=_H),
    _nmap("20 ports of 8 addresses", "-sS", "-p100-119", "10.77.0.10-17", technique=Technique.SYN, kind=_B),
    Scan("12 sources, 6 ports each", ("sh", "-c", f"{_ZOMBIES} & wait"), ScanKind.DISTRIBUTED, Technique.SYN),
    Scan(
        "masscan",
        (
            *("masscan", TARGET, "-p1-200", "--rate", "2000", "-e", "veth-a", "--wait", "1"),
            *("--source-ip", SCANNER, "--router-mac", "02-00-00-00-00-02"),
        ),
        _V,
        Technique.SYN,
    ),
    Scan(
        "hping3, SYN", ("hping3", "-S", "-c", "60", "-i", "u2000", "-p", "++100", TARGET), _V, Technique.SYN
    ),
    Scan(
        "hping3, FIN", ("hping3", "-F", "-c", "60", "-i", "u2000", "-p", "++100", TARGET), _V, Technique.FIN
    ),
    Scan(
        "hping3, UDP", ("hping3", "-2", "-c", "60", "-i", "u2000", "-p", "++100", TARGET), _V, Technique.UDP
    ),
)
