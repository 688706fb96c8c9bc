"""Collector and service over a generated capture and over captures of the test's own."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from typing import Any, cast

import pytest

from osmia.errors import OsmiaError, UsageError
from osmia.monitor.detect.alert import Alert, Technique
from osmia.monitor.export.json_lines import EventWriter, Schema
from osmia.monitor.export.snapshot import snapshot_to_json
from osmia.monitor.export.text import format_bytes, format_count, rules_text, snapshot_text
from osmia.monitor.feed import CapturedFrame
from osmia.monitor.generated import SCANNER, SERVER, generated_traffic
from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import ConnectionState, InterfaceMode, RuleAction, Snapshot, SourceOfPackets
from osmia.monitor.records import CaptureWay
from osmia.monitor.service import Service
from osmia.monitor.sessions import capture_session
from osmia.net import TcpFlags
from osmia.packets import Layers, ethernet, ipv4, tcp, udp

SECOND = 1_000_000_000


def frame(at: float, packet: Layers, *, outbound: bool = False) -> CapturedFrame:
    data = bytes(packet)
    way = CaptureWay.SENT if outbound else CaptureWay.RECEIVED
    return CapturedFrame(round(at * SECOND), data, len(data), way)


def run(frames: Iterable[CapturedFrame]) -> tuple[Snapshot, list[Snapshot], list[Alert]]:
    """The last snapshot, all of them, and the alerts that were raised."""
    snapshots: list[Snapshot] = []
    alerts: list[Alert] = []
    with capture_session(frames, "test", SourceOfPackets.REPLAY, paced=False) as service:
        service.subscribe(lambda snapshot, _: snapshots.append(snapshot))
        service.subscribe(lambda _, fresh: alerts.extend(fresh))
        service.run(1.0)
    return snapshots[-1], snapshots, alerts


def test_the_generated_scan_is_one_alert_and_nothing_else_is() -> None:
    last, _, raised = run(generated_traffic(75.0))
    assert [str(alert.source) for alert in raised] == [SCANNER]
    (alert,) = last.alerts
    assert (alert.technique, str(alert.target), alert.probes) == (Technique.SYN, SERVER, 120)
    assert not alert.active
    assert alert.first_seen_ns < alert.last_seen_ns


def test_totals_are_the_sums_of_the_rows() -> None:
    frames = list(generated_traffic(6.0))
    last, snapshots, _ = run(frames)
    inbound = [f for f in frames if not f.outbound]
    assert last.received.packets == len(inbound) == sum(s.received.packets for s in last.sources)
    assert (
        last.received.bytes
        == sum(f.length for f in inbound)
        == sum(c.received.bytes for c in last.connections)
    )
    assert last.sent.packets == len(frames) - len(inbound) == sum(c.sent.packets for c in last.connections)
    assert not last.losses.any
    assert [snapshot.number for snapshot in snapshots] == list(range(len(snapshots)))
    assert last.interfaces[0].mode in (InterfaceMode.SIMULATED, InterfaceMode.CAPTURE)


def test_rates_are_differences_over_the_captures_time() -> None:
    packet = ethernet() / ipv4(src="10.0.0.9") / udp() / bytes(58)
    frames = [frame(10.0 + step / 10, packet) for step in range(31)]
    last, snapshots, _ = run(frames)
    assert snapshots[1].sources[0].received.packets_per_second == pytest.approx(11.0)
    assert snapshots[2].sources[0].received.bytes_per_second == pytest.approx(1000.0)
    assert snapshots[2].connections[0].received.packets_per_second == pytest.approx(10.0)
    assert len(last.history) == len(snapshots) - 1
    assert last.history[1].received == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("received", "sent", "state"),
    [
        ([0x02], [], ConnectionState.OPENING),
        ([0x02, 0x10], [0x12], ConnectionState.ESTABLISHED),
        ([0x10], [0x10], ConnectionState.ESTABLISHED),
        ([0x02, 0x11], [0x12], ConnectionState.CLOSING),
        ([0x11], [0x11], ConnectionState.CLOSED),
        ([0x02], [0x14], ConnectionState.RESET),
    ],
)
def test_the_state_follows_the_flags(received: list[int], sent: list[int], state: ConnectionState) -> None:
    inbound = [
        ethernet() / ipv4(src="10.0.0.9", dst="10.0.0.1") / tcp(sport=1, dport=2, flags=TcpFlags(f))
        for f in received
    ]
    outbound = [
        ethernet() / ipv4(src="10.0.0.1", dst="10.0.0.9") / tcp(sport=2, dport=1, flags=TcpFlags(f))
        for f in sent
    ]
    frames = [
        *(frame(1, packet) for packet in inbound),
        *(frame(1, packet, outbound=True) for packet in outbound),
    ]
    last, _, _ = run(frames)
    (connection,) = last.connections
    assert connection.state is state
    assert (connection.local_port, connection.remote_port) == (2, 1)


def test_a_clock_that_jumps_back_and_an_empty_capture_do_no_harm() -> None:
    packet = ethernet() / ipv4() / udp()
    last, _, _ = run([frame(100, packet), frame(50, packet), frame(101, packet)])
    assert last.received.packets == 3
    empty, _, _ = run([])
    assert empty.received.packets == 0


def test_a_cut_frame_counts_its_length_on_the_wire() -> None:
    whole = bytes(ethernet() / ipv4() / udp() / bytes(1000))
    cut = CapturedFrame(SECOND, whole[:200], len(whole), CaptureWay.RECEIVED)
    last, _, _ = run([cut])
    assert last.received.bytes == len(whole)


def add(service: Service, network: str, **more: object) -> dict[str, object]:
    rule = {"network": network, "action": "block", "reason": "test", "origin": "test", "created": 1.0, **more}
    return service.answer({"command": "add", "rule": rule})


def test_rules_over_the_control_socket_drop_from_the_next_packet_on() -> None:
    with capture_session(generated_traffic(8.0), "test", SourceOfPackets.REPLAY, paced=False) as service:
        service.step()
        assert "from now on" in str(add(service, "198.51.100.0/24")["message"])
        service.run(1.0)
        snapshot = service.answer({"command": "top", "limit": 2})["snapshot"]
        assert isinstance(snapshot, dict)
        snapshot = cast("dict[str, Any]", snapshot)
        assert len(snapshot["sources"]) == 2
        (rule,) = snapshot["rules"]
        assert rule["dropped"]["packets"] > 10
        assert snapshot["totals"]["dropped"]["packets"] == rule["dropped"]["packets"]
        latest = service.latest
        assert latest is not None
        network = ipaddress.ip_network("198.51.100.0/24")
        dropped = [s for s in latest.sources if s.blocked_packets]
        assert dropped
        assert all(s.address in network and s.blocked_packets == s.received.packets for s in dropped)
        service.answer({"command": "del", "action": "block", "network": "198.51.100.0/24"})
        assert service.answer({"command": "list"})["rules"] == []


@pytest.mark.parametrize(
    "request_content",
    [
        {},
        {"command": 5},
        {"command": "add"},
        {"command": "add", "rule": {"network": "10.0.0.0/8"}},
        {"command": "del", "action": "block", "network": "10.0.0.0/8"},
        {"command": "del", "action": "burn", "network": "10.0.0.0/8"},
        {"command": "del", "action": "block", "network": None},
    ],
)
def test_requests_that_cannot_be_meant_are_refused(request_content: dict[str, object]) -> None:
    with capture_session([], "test", SourceOfPackets.REPLAY, paced=False) as service:
        with pytest.raises(OsmiaError):
            service.answer(request_content)


def test_a_rule_that_expires_is_gone_at_the_captures_time() -> None:
    frames = list(generated_traffic(4.0))
    with capture_session(frames, "test", SourceOfPackets.REPLAY, paced=False) as service:
        end = service.wall_clock() + 2.0
        network = ipaddress.ip_network("10.0.0.0/8")
        service.add_rule(Rule(network, RuleAction.BLOCK, "", "test", 1.0, end))
        service.run(0.5)
        assert service.book.states() == ()


def test_a_failure_of_the_collector_reaches_whoever_waits() -> None:
    def broken() -> Iterable[CapturedFrame]:
        yield frame(1, ethernet() / ipv4() / udp())
        yield frame(2, ethernet() / ipv4() / udp())
        raise UsageError("the capture is no good")

    with capture_session(broken(), "test", SourceOfPackets.REPLAY, paced=False) as service:
        service.start(0.1)
        with pytest.raises(UsageError, match="no good"):
            service.join()


def test_event_lines_have_the_fields_of_eve() -> None:
    lines: list[dict[str, Any]] = []
    writer = EventWriter()
    with capture_session(generated_traffic(6.0), "test", SourceOfPackets.REPLAY, paced=False) as service:
        add(service, "192.0.2.9")
        service.subscribe(lambda s, fresh: lines.extend(json.loads(line) for line in writer.lines(s, fresh)))
        service.run(1.0)
    kinds = {str(line["event_type"]) for line in lines}
    assert kinds == {"stats", "alert", "drop"}
    assert all(str(line["timestamp"]).endswith("+00:00") and line["in_iface"] == "test" for line in lines)
    (alert,) = [line for line in lines if line["event_type"] == "alert"]
    assert (alert["src_ip"], alert["dest_ip"]) == (SCANNER, SERVER)
    fields = {"action", "gid", "signature_id", "rev", "signature", "category", "severity"}
    assert fields <= set(alert["alert"])
    drops = [line["drop"] for line in lines if line["event_type"] == "drop"]
    assert sum(drop["packets"] for drop in drops) == 6


def test_event_lines_have_the_fields_of_ecs() -> None:
    lines: list[dict[str, Any]] = []
    writer = EventWriter(Schema.ECS)
    with capture_session(generated_traffic(6.0), "test", SourceOfPackets.REPLAY, paced=False) as service:
        add(service, "192.0.2.9")
        service.subscribe(lambda s, fresh: lines.extend(json.loads(line) for line in writer.lines(s, fresh)))
        service.run(1.0)
    assert {line["event"]["dataset"] for line in lines} == {"osmia.stats", "osmia.alert", "osmia.drop"}
    for line in lines:
        assert line["@timestamp"].endswith("+00:00")
        assert line["ecs"]["version"].startswith("8.")
        assert line["observer"]["ingress"]["interface"]["name"] == "test"
    (alert,) = [line for line in lines if line["event"]["kind"] == "alert"]
    assert (alert["source"]["ip"], alert["destination"]["ip"]) == (SCANNER, SERVER)
    assert alert["threat"]["technique"]["id"] == ["T1046"]
    assert alert["osmia"]["alert"]["technique"] == "syn"
    drop = next(line for line in lines if line["event"]["kind"] == "event")
    assert drop["source"]["ip"] == "192.0.2.9"
    assert drop["event"]["type"] == ["denied"]


def test_a_snapshot_is_plain_data_and_text() -> None:
    last, _, _ = run(generated_traffic(5.0))
    data = json.loads(json.dumps(snapshot_to_json(last, 3)))
    assert (len(data["sources"]), data["sources_count"]) == (3, len(last.sources))
    assert [row["bytes"] for row in data["sources"]] == sorted(
        (row["bytes"] for row in data["sources"]), reverse=True
    )
    text = snapshot_text(data)
    assert f"test ({last.interfaces[0].mode.value})" in text
    assert f"alert: {SCANNER}" in text
    assert data["sources"][0]["address"] in text
    rules = [{"network": "10.0.0.0/8", "reason": "", "origin": "test", "expires": 160.0}]
    assert rules_text(rules, now=100.0).splitlines()[1].split() == [
        "10.0.0.0/8",
        "-",
        "test",
        "in",
        "1m",
        "0",
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (1023 * 1024, "1.0 MiB"), (150 * 2**30, "150 GiB")],
)
def test_bytes_as_text(number: int, text: str) -> None:
    assert format_bytes(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(9999, "9999"), (10_000, "10.0k"), (1_234_567, "1.2M"), (5e12, "5.0T")]
)
def test_counts_as_text(number: float, text: str) -> None:
    assert format_count(number) == text
