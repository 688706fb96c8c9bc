"""docs/detection.md from the measurements."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.detection.judge import Verdict
from benchmarks.detection.scans import Scan

LONGEST_COMMAND = 130


@dataclass(frozen=True)
class ScanResult:
    """What was said of one scan; `verdict` None where its tool is missing."""

    scan: Scan
    verdict: Verdict | None

    @property
    def row(self) -> str:
        """One line of the table."""
        short = len(self.scan.shown) < LONGEST_COMMAND
        name, command = self.scan.name, f"`{self.scan.shown}`" if short else "12 times `nmap -S`"
        if self.verdict is None:
            return f"| {name} | {command} | not installed here | | | | |"
        verdict = self.verdict
        if not verdict.raised:
            return f"| {name} | {command} | **missed** | | | 0 | |"
        first, final = verdict.raised[0], verdict.final[0]
        kind = _checked(final.kind.value, final.kind is self.scan.kind)
        technique = _checked(final.technique.name.lower(), final.technique is self.scan.technique)
        count = _checked(str(len(verdict.raised)), len(verdict.raised) == self.scan.alerts)
        seconds = (first.clock_ns - first.alert.first_seen_ns) / 1e9
        after = f"{seconds:.1f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
        probes = first.alert.probes
        return f"| {name} | {command} | {kind} | {technique} | {probes} | {count} | {after} |"

    @property
    def right(self) -> bool:
        """Whether all was as it should be."""
        return self.verdict is not None and "**" not in self.row


@dataclass(frozen=True)
class QuietResult:
    """What was said of traffic in which nobody scans."""

    name: str
    verdict: Verdict

    @property
    def row(self) -> str:
        """One line of the table."""
        alerts = "; ".join(alert.reason for alert in self.verdict.final)
        return f"| {self.name} | {self.verdict.frames:,} | {_checked(alerts or 'none', not alerts)} |"


@dataclass(frozen=True)
class DayResult:
    """The same over many hours."""

    clients: int
    hours: float
    verdict: Verdict

    @property
    def text(self) -> str:
        """A sentence."""
        count = len(self.verdict.final)
        rate = count / (self.clients * self.hours)
        return (
            f"{self.hours:g} hours of {self.clients} clients with all of the above among them "
            f"({self.verdict.frames:,} frames, seed 1): {count} false alerts, {rate:.5f} per host and hour."
        )


@dataclass(frozen=True)
class SpeedResult:
    """How fast a capture goes through."""

    engine: str
    verdict: Verdict

    @property
    def row(self) -> str:
        """One line of the table."""
        rate = self.verdict.frames / self.verdict.seconds
        return f"| {self.engine} | {self.verdict.frames:,} | {round(rate, -2):,.0f} |"


def page(
    scans: list[ScanResult],
    quiet: list[QuietResult],
    day: DayResult,
    speeds: list[SpeedResult],
    versions: list[str],
    machine: str,
) -> str:
    """The whole page."""
    right = sum(result.right for result in scans)
    return "\n".join(
        [
            "# What the monitor finds, and what it does not",
            "",
            "Made by `make evaluate-detection`: do not edit. " + machine,
            "",
            "## Scans",
            "",
            f"Tools: {', '.join(versions) or 'none'}.",
            "Each scan runs between two network namespaces; what arrives is captured and replayed by the",
            "capture's clock. `nmap` always has `-n -Pn --disable-arp-ping --max-retries 1`. Probes and",
            "time are those at the moment of the alert: the monitor looks once a second, and gives each",
            "target a second to answer. Clock moved: the captured probes are set 15 s and 300 s apart.",
            "Bold: not as it should be.",
            "",
            f"{right} of {len(scans)} are found with the right kind and technique, by exactly one alert.",
            "",
            "| scan | command | kind | technique | probes | alerts | after |",
            "|---|---|---|---|---|---|---|",
            *(result.row for result in scans),
            "",
            "scanlogd and psad were not run beside the monitor: both report to a running syslog.",
            "",
            "## Traffic that only looks like scans",
            "",
            "Generated, the same at each run; the monitored host is one end of it.",
            "",
            "| traffic | frames | alerts |",
            "|---|---|---|",
            *(result.row for result in quiet),
            "",
            day.text,
            "",
            "## Speed of a replay",
            "",
            "| program runs in | frames | frames/s |",
            "|---|---|---|",
            *(result.row for result in speeds),
            "",
            "Processor time, that of reading the maps included; each frame goes through at both of its ends.",
            "",
            "## What it cannot see",
            "",
            "- One probe of one address from each of many sources: each looks like a lost client.",
            "- A scanner that asks only where somebody listens: its connections are ordinary ones.",
            "- Random ports of random addresses by connect or UDP where a tenth answers: so is file sharing.",
            "- ACK and FIN+ACK probes to ephemeral ports; UDP to the ports of traceroute (33434 to 33533).",
            "- Without a hook for what goes out: UDP, SCTP, ACK and protocol scans.",
            "",
        ]
    )


def _checked(text: str, right: bool) -> str:
    return text if right else f"**{text}**"
