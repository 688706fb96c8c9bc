"""The fast scan rule, on evidence given as data."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from osmia.monitor.detect.alert import ProbeEvidence, ScanKind, Technique, distinct_targets
from osmia.monitor.detect.probes import ProbeDetector, ProbeThresholds

SECOND = 1_000_000_000


def evidence(
    *, at: int = 0, bits: int = 0, syn: int = 0, other: tuple[Technique, int] | None = None, window: int = 0
) -> ProbeEvidence:
    counts = [(Technique.SYN, syn)] if syn else []
    if other is not None:
        counts.append(other)
    return ProbeEvidence(
        source=ipaddress.ip_address("203.0.113.9"),
        last_target=ipaddress.ip_address("10.0.0.1"),
        window_start_ns=window * SECOND,
        last_seen_ns=at * SECOND,
        distinct_bits=bits,
        probes=sum(count for _, count in counts),
        by_technique=tuple(counts),
        ports=tuple(range(1, 9)),
    )


@pytest.mark.parametrize(("bits", "alerts"), [(13, False), (15, True), (256, True)])
def test_enough_distinct_targets_are_a_scan(bits: int, alerts: bool) -> None:
    detector = ProbeDetector()
    assert (detector.observe(evidence(bits=bits, syn=bits)) is not None) == alerts
    assert len(detector.alerts()) == int(alerts)


@pytest.mark.parametrize(
    "technique", [Technique.FIN, Technique.NULL, Technique.XMAS, Technique.FRAGMENTS, Technique.MIXED]
)
def test_five_odd_packets_are_a_scan_with_its_technique(technique: Technique) -> None:
    detector = ProbeDetector()
    assert detector.observe(evidence(bits=4, other=(technique, 4))) is None
    alert = detector.observe(evidence(bits=5, other=(technique, 5)))
    assert alert is not None
    assert (alert.technique, alert.confidence) == (technique, "high")


def test_many_probes_of_few_targets_are_no_scan() -> None:
    assert ProbeDetector().observe(evidence(bits=3, syn=5000)) is None


def test_an_episode_is_one_alert_that_is_updated() -> None:
    detector = ProbeDetector()
    first = detector.observe(evidence(at=1, bits=20, syn=20))
    assert first is not None
    assert detector.observe(evidence(at=30, bits=90, syn=100)) is None
    (alert,) = detector.alerts()
    assert (alert.number, alert.probes, alert.last_seen_ns) == (first.number, 100, 30 * SECOND)
    assert alert.active


def test_probes_of_earlier_windows_are_kept() -> None:
    detector = ProbeDetector()
    detector.observe(evidence(at=10, bits=30, syn=30))
    detector.observe(evidence(at=65, window=61, bits=5, syn=5))
    (alert,) = detector.alerts()
    assert (alert.probes, alert.targets) == (35, min(distinct_targets(30), 30))


def test_a_silence_ends_the_episode_and_the_next_is_another_alert() -> None:
    detector = ProbeDetector(ProbeThresholds(silence_ns=60 * SECOND))
    detector.observe(evidence(at=1, bits=20, syn=20))
    detector.expire(60 * SECOND)
    assert detector.alerts()[0].active
    detector.expire(61 * SECOND)
    assert not detector.alerts()[0].active
    assert detector.observe(evidence(at=100, window=99, bits=20, syn=20)) is not None
    assert [alert.active for alert in detector.alerts()] == [True, False]


def test_kinds_by_addresses_and_ports() -> None:
    detector = ProbeDetector()
    one_port = replace(evidence(bits=20, syn=20), ports=(22,))
    detector.observe(one_port)
    assert detector.alerts()[0].kind is ScanKind.HORIZONTAL
    several = replace(evidence(at=2, bits=40, syn=40), last_target=ipaddress.ip_address("10.0.0.2"))
    detector.observe(several)
    assert detector.alerts()[0].kind is ScanKind.BLOCK
    vertical = ProbeDetector()
    vertical.observe(evidence(bits=20, syn=20))
    assert vertical.alerts()[0].kind is ScanKind.VERTICAL


def test_inside_and_outside_scanners_have_their_attack_technique() -> None:
    detector = ProbeDetector()
    detector.observe(replace(evidence(bits=20, syn=20), source=ipaddress.ip_address("8.8.8.8")))
    detector.observe(replace(evidence(bits=20, syn=20), source=ipaddress.ip_address("10.1.1.1")))
    assert [alert.mitre for alert in detector.alerts()] == ["T1046", "T1595.001"]


def test_episodes_are_bounded() -> None:
    detector = ProbeDetector()
    for number in range(5000):
        source = ipaddress.IPv4Address(0x0B000000 + number)
        detector.observe(replace(evidence(bits=20, syn=20), source=source))
    assert len(list(detector.watched)) == 4096


@pytest.mark.parametrize("targets", [1, 5, 15, 40, 100])
def test_the_estimate_is_near_for_random_targets(targets: int) -> None:
    expected_bits = round(256 * (1 - (255 / 256) ** targets))
    assert abs(distinct_targets(expected_bits) - targets) <= max(1, targets // 20)
