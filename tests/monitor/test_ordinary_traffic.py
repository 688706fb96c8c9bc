"""Traffic that only looks like scans raises no alert; a scan in the midst of it does."""

from __future__ import annotations

import random

import pytest

from benchmarks.detection.frames import SYN, tcp_frame
from benchmarks.detection.judge import judge
from benchmarks.detection.laboratory import slowed
from benchmarks.detection.ordinary import BEGIN, HERE, SCENARIOS, Scenario, day, in_order, refused
from osmia.monitor.detect.alert import DetectionRule, ScanKind, Technique
from osmia.monitor.feed import CapturedFrame

pytestmark = pytest.mark.kernel

SCANNER = "203.0.113.66"


@pytest.mark.parametrize(("name", "scenario"), SCENARIOS, ids=[name for name, _ in SCENARIOS])
def test_ordinary_traffic_is_no_scan(name: str, scenario: Scenario) -> None:
    verdict = judge(scenario(BEGIN, random.Random(1)))
    assert verdict.frames > 100, name
    assert [alert.reason for alert in verdict.final] == []


def scan(begin: float, ports: range, spacing: float) -> list[CapturedFrame]:
    streams = [
        refused(begin + number * spacing, SCANNER, HERE, 50_000, port) for number, port in enumerate(ports)
    ]
    return list(in_order(*streams))


def test_some_hours_of_clients_raise_nothing_but_the_scan_among_them() -> None:
    hours = in_order(day(20, 0.5), iter(scan(BEGIN + 700, range(100, 160), 0.05)))
    (alert,) = judge(hours).final
    assert (str(alert.source), alert.kind, alert.probes) == (SCANNER, ScanKind.VERTICAL, 60)
    assert (alert.technique, alert.rule) == (Technique.CONNECT, DetectionRule.FAST)


@pytest.mark.parametrize("spacing", [15.0, 300.0])
def test_a_slow_scan_is_one_alert_by_the_captures_clock(spacing: float) -> None:
    frames = slowed(scan(BEGIN, range(100, 125), 0.01), spacing)
    verdict = judge(frames)
    (raised,) = verdict.raised
    (alert,) = verdict.final
    assert raised.alert.rule is alert.rule is DetectionRule.SEQUENTIAL
    assert (raised.alert.probes < 15, alert.probes, alert.kind) == (True, 25, ScanKind.VERTICAL)


@pytest.mark.parametrize(("ports", "rules"), [(7, []), (9, [DetectionRule.SEQUENTIAL])])
def test_a_few_closed_ports_are_a_slip_and_some_more_are_not(ports: int, rules: list[DetectionRule]) -> None:
    closed = [tcp_frame(BEGIN + n * 0.01, SCANNER, HERE, 40_000, 100 + n, SYN) for n in range(ports)]
    assert [alert.rule for alert in judge(closed).final] == rules
