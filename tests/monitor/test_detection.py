"""The detection rules, on evidence given as data."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from pathlib import Path

import pytest

from osmia.errors import MalformedError
from osmia.monitor.detect.alert import DetectionRule, ProbeEvidence, ScanKind, Technique, distinct_values
from osmia.monitor.detect.detector import Detector, Thresholds
from osmia.monitor.detect.memory import load_walks, save_walks

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
        targets=(1 << bits) - 1,
        answered=0,
        settled=(1 << bits) - 1,
        addresses=1,
        numbers=(1 << min(bits, 64)) - 1,
        probes=sum(count for _, count in counts),
        by_technique=tuple(counts),
        ports=tuple(range(1, 9)),
    )


@pytest.mark.parametrize(("bits", "alerts"), [(13, False), (15, True), (256, True)])
def test_enough_distinct_targets_are_a_scan(bits: int, alerts: bool) -> None:
    detector = Detector()
    assert (detector.observe(evidence(bits=bits, syn=bits)) is not None) == alerts
    assert len(detector.alerts()) == int(alerts)


@pytest.mark.parametrize(
    "technique", [Technique.FIN, Technique.NULL, Technique.XMAS, Technique.FRAGMENTS, Technique.MIXED]
)
def test_five_odd_packets_are_a_scan_with_its_technique(technique: Technique) -> None:
    detector = Detector()
    assert detector.observe(evidence(bits=4, other=(technique, 4))) is None
    alert = detector.observe(evidence(bits=5, other=(technique, 5)))
    assert alert is not None
    assert (alert.technique, alert.confidence) == (technique, "high")


def test_many_probes_of_few_targets_are_no_scan() -> None:
    assert Detector().observe(evidence(bits=3, syn=5000)) is None


def test_an_episode_is_one_alert_that_is_updated() -> None:
    detector = Detector()
    first = detector.observe(evidence(at=1, bits=20, syn=20))
    assert first is not None
    assert detector.observe(evidence(at=30, bits=90, syn=100)) is None
    (alert,) = detector.alerts()
    assert (alert.number, alert.probes, alert.last_seen_ns) == (first.number, 100, 30 * SECOND)
    assert alert.active


def test_probes_of_earlier_windows_are_kept() -> None:
    detector = Detector()
    detector.observe(evidence(at=10, bits=30, syn=30))
    detector.observe(evidence(at=65, window=61, bits=5, syn=5))
    (alert,) = detector.alerts()
    assert (alert.probes, alert.targets) == (35, min(distinct_values(30, 256), 30))


def test_a_silence_ends_the_episode_and_the_next_is_another_alert() -> None:
    detector = Detector(Thresholds(silence_ns=60 * SECOND))
    detector.observe(evidence(at=1, bits=20, syn=20))
    detector.expire(60 * SECOND)
    assert detector.alerts()[0].active
    detector.expire(61 * SECOND)
    assert not detector.alerts()[0].active
    assert detector.observe(evidence(at=100, window=99, bits=20, syn=20)) is not None
    assert [alert.active for alert in detector.alerts()] == [True, False]


def test_kinds_by_addresses_and_ports() -> None:
    detector = Detector()
    one_port = replace(evidence(bits=20, syn=20), addresses=0xFFFF, numbers=1)
    detector.observe(one_port)
    assert detector.alerts()[0].kind is ScanKind.HORIZONTAL
    several = replace(evidence(at=2, bits=40, syn=40), addresses=0x3FFFF)
    detector.observe(several)
    assert detector.alerts()[0].kind is ScanKind.BLOCK
    vertical = Detector()
    vertical.observe(evidence(bits=20, syn=20))
    assert vertical.alerts()[0].kind is ScanKind.VERTICAL


def test_inside_and_outside_scanners_have_their_attack_technique() -> None:
    detector = Detector()
    detector.observe(replace(evidence(bits=20, syn=20), source=ipaddress.ip_address("8.8.8.8")))
    inside = replace(evidence(bits=20, syn=20), source=ipaddress.ip_address("10.1.1.1"), ports=(22, 23))
    detector.observe(inside)
    assert [alert.mitre for alert in detector.alerts()] == ["T1046", "T1595.001"]


def test_episodes_are_bounded() -> None:
    detector = Detector()
    for number in range(5000):
        source = ipaddress.IPv4Address(0x0B000000 + number)
        detector.observe(replace(evidence(bits=20, syn=20), source=source, ports=()))
    assert sum(alert.active for alert in detector.alerts()) == 4096


@pytest.mark.parametrize("targets", [1, 5, 15, 40, 100])
def test_the_estimate_is_near_for_random_targets(targets: int) -> None:
    expected_bits = round(256 * (1 - (255 / 256) ** targets))
    assert abs(distinct_values(expected_bits, 256) - targets) <= max(1, targets // 20)


def answered(bits: int, answers: int, at: int = 0) -> ProbeEvidence:
    """A source that asked for `bits` targets, of which the first ones answered."""
    return replace(evidence(at=at, bits=bits, syn=bits), answered=(1 << answers) - 1)


def test_targets_that_answer_are_no_scan() -> None:
    assert Detector().observe(answered(40, 40)) is None
    assert Detector().observe(answered(40, 28)) is None
    assert Detector().observe(answered(40, 20)) is not None


def test_targets_without_the_time_to_answer_are_not_judged() -> None:
    early = replace(evidence(bits=40, syn=40), settled=0)
    detector = Detector()
    assert detector.observe(early) is None
    assert detector.observe(replace(early, settled=early.targets)) is not None


def slow_probe(number: int, spacing: int) -> ProbeEvidence:
    """One closed target more, in a window of its own."""
    one = evidence(at=number * spacing, window=number * spacing, bits=1, syn=1)
    return replace(one, targets=1 << number, settled=1 << number, ports=(number + 1,), numbers=1 << number)


@pytest.mark.parametrize("spacing", [15, 300, 3600])
def test_a_slow_scan_is_found_whatever_its_pace(spacing: int) -> None:
    detector = Detector()
    raised = [
        (number, alert)
        for number in range(20)
        for alert in detector.sweep([slow_probe(number, spacing)], (number * spacing + 5) * SECOND)
    ]
    ((number, alert),) = raised
    assert (number, alert.rule, alert.kind) == (7, DetectionRule.SEQUENTIAL, ScanKind.VERTICAL)
    (final,) = detector.alerts()
    assert (final.probes, final.active) == (20, True)


def test_a_slow_scan_is_over_after_its_own_silence() -> None:
    detector = Detector(Thresholds(slow_window_ns=3600 * SECOND))
    for number in range(10):
        detector.sweep([slow_probe(number, 15)], (number * 15 + 5) * SECOND)
    detector.expire((9 * 15 + 3599) * SECOND)
    assert detector.alerts()[0].active
    detector.expire((9 * 15 + 3600) * SECOND)
    assert not detector.alerts()[0].active


def test_a_source_that_mostly_succeeds_is_no_slow_scanner() -> None:
    detector = Detector()
    for number in range(60):
        one = slow_probe(number, 300)
        good = 0b111 << (100 + number)
        cell = replace(one, targets=one.targets | good, settled=one.settled | good, answered=good)
        assert detector.sweep([cell], (number * 300 + 5) * SECOND) == []


def test_decoys_are_one_alert() -> None:
    detector = Detector()
    sources = [ipaddress.ip_address(f"198.51.100.{n}") for n in range(1, 5)]
    raised = [detector.observe(replace(evidence(bits=30, syn=30), source=source)) for source in sources]
    assert [alert is not None for alert in raised] == [True, False, False, False]
    (alert,) = detector.alerts()
    assert (alert.kind, alert.confidence, alert.probes) == (ScanKind.POSSIBLE_DECOY, "low", 120)
    assert {alert.source, *alert.more_sources} == set(sources)


def test_scans_of_other_ports_are_alerts_of_their_own() -> None:
    detector = Detector()
    for number in range(2):
        source = ipaddress.ip_address(f"198.51.100.{number + 1}")
        ports = tuple(range(100 * number, 100 * number + 8))
        detector.observe(replace(evidence(bits=30, syn=30), source=source, ports=ports))
    assert len(detector.alerts()) == 2


def few_ports(number: int) -> ProbeEvidence:
    """One of many sources that each ask for five ports."""
    return replace(
        evidence(bits=5, syn=5),
        source=ipaddress.IPv4Address(0x0B000000 + number),
        ports=tuple(range(number * 5, number * 5 + 5)),
    )


def test_many_sources_with_few_ports_each_are_one_distributed_scan() -> None:
    detector = Detector()
    assert detector.sweep([few_ports(number) for number in range(5)], SECOND) == []
    (alert,) = detector.sweep([few_ports(number) for number in range(5, 9)], 2 * SECOND)
    assert (alert.kind, alert.rule) == (ScanKind.DISTRIBUTED, DetectionRule.TARGET)
    assert detector.sweep([few_ports(number) for number in range(9, 12)], 3 * SECOND) == []
    assert len(detector.alerts()) == 1
    assert len(detector.alerts()[0].more_sources) == 11


def test_many_clients_of_one_closed_port_are_no_distributed_scan() -> None:
    detector = Detector()
    clients = [replace(few_ports(number), ports=(6881,)) for number in range(200)]
    assert detector.sweep(clients, SECOND) == []


def test_a_slow_scan_is_found_across_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "first-contacts.json"
    before = Detector()
    for number in range(5):
        before.sweep([slow_probe(number, 300)], (number * 300 + 5) * SECOND)
    save_walks(path, before.walks, 1500 * SECOND, 1_000_000.0)
    after = Detector()
    # The machine was started anew: its clock begins at zero, 600 s later.
    after.walks.restore(load_walks(path, 100 * SECOND, 1_000_600.0))
    raised = [
        number
        for number in range(5, 12)
        if after.sweep([slow_probe(number, 300)], (number * 300 + 5) * SECOND)
    ]
    assert raised == [7]
    assert after.alerts()[0].probes == 12


@pytest.mark.parametrize("content", ["", "{}", "[1]", '[{"source": "x"}]', "[" * 100_000])
def test_a_damaged_record_is_an_error_in_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "first-contacts.json"
    path.write_text(content)
    with pytest.raises(MalformedError, match="record of first contacts"):
        load_walks(path, 0, 0.0)
    assert load_walks(tmp_path / "missing", 0, 0.0) == {}
