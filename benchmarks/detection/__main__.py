"""`python -m benchmarks.detection`: real scans and a day of ordinary traffic, into docs/detection.md."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection.judge import judge
from benchmarks.detection.laboratory import is_installed, laboratory, slowed
from benchmarks.detection.ordinary import BEGIN, SCENARIOS, busy, day
from benchmarks.detection.report import DayResult, QuietResult, ScanResult, SpeedResult, page
from benchmarks.detection.scans import SCANS, Scan
from benchmarks.machine import this_machine
from osmia.monitor.feed import CapturedFrame
from osmia.monitor.sessions import Engine

PAGE = Path(__file__).resolve().parents[2] / "docs" / "detection.md"
SPEED_CONNECTIONS = 15_000
SLOW_ENGINE_FRAMES = 3000
DAY_INTERVAL = 10.0


@dataclass(frozen=True)
class Size:
    """How much ordinary traffic to run."""

    clients: int
    hours: float


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--only", default="", help="scans whose name holds this; writes nothing")
    arguments = parser.parse_args()
    scans = [scan for scan in SCANS if arguments.only in scan.name]
    results = _judge_scans(scans)
    if arguments.only:
        return
    quiet = [QuietResult(name, judge(make(BEGIN, random.Random(1)))) for name, make in SCENARIOS]
    size = Size(arguments.clients, arguments.hours)
    whole = judge(day(size.clients, size.hours), interval=DAY_INTERVAL)
    frames = list(busy(SPEED_CONNECTIONS, 60.0))
    speeds = [
        SpeedResult("the kernel's program", judge(frames, Engine.KERNEL)),
        SpeedResult("plain Python", judge(frames[:SLOW_ENGINE_FRAMES], Engine.PYTHON)),
    ]
    machine = this_machine()
    text = page(
        results,
        quiet,
        DayResult(size.clients, size.hours, whole),
        speeds,
        _versions(),
        f"{machine.processor}, {machine.processors} processors, {machine.kernel}, {machine.python}.",
    )
    PAGE.write_text(text)
    print(f"written: {PAGE}", file=sys.stderr)


def _judge_scans(scans: list[Scan]) -> list[ScanResult]:
    results: list[ScanResult] = []
    captures: dict[tuple[str, ...], list[CapturedFrame]] = {}
    with laboratory() as hosts:
        for scan in scans:
            if not is_installed(scan.command[0]):
                results.append(ScanResult(scan, None))
                continue
            frames = captures.get(scan.command) or hosts.capture(scan.command)
            captures[scan.command] = frames
            verdict = judge(frames if scan.spacing is None else slowed(frames, scan.spacing))
            results.append(ScanResult(scan, verdict))
            print(results[-1].row, file=sys.stderr)
    return results


def _versions() -> list[str]:
    """The scanners' versions, as Debian names them."""
    packages = ("nmap", "masscan", "hping3")
    asked = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[:-1]


if __name__ == "__main__":
    main()
