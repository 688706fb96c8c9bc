"""Blocking by itself: only where the evidence cannot be forged, never against a guard."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from osmia.errors import UsageError
from osmia.monitor.detect.alert import Alert, ScanKind, Technique
from osmia.monitor.feed import CapturedFrame
from osmia.monitor.lists.automatic import AUTOMATIC_ORIGIN, AutomaticBlocker, BlockingLimits
from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import (
    Connection,
    ConnectionState,
    RuleAction,
    Snapshot,
    SourceOfPackets,
    TrafficCount,
)
from osmia.monitor.records import CaptureWay
from osmia.monitor.sessions import capture_session
from osmia.net import TcpFlags
from osmia.packets import ethernet, ipv4, tcp

SOURCE = ipaddress.ip_address("192.0.2.66")
HERE = ipaddress.ip_address("192.0.2.1")
SECOND = 1_000_000_000
NOW = 1000.0

ALERT = Alert(
    number=1,
    source=SOURCE,
    target=HERE,
    kind=ScanKind.VERTICAL,
    technique=Technique.SYN,
    first_seen_ns=100 * SECOND,
    last_seen_ns=101 * SECOND,
    probes=40,
    targets=40,
    ports=(1, 2, 3),
    confidence="medium",
    forgeable=True,
    mitre="T1046",
    active=True,
)


def connection(port: int, *, at: int = 100, proven: bool = True) -> Connection:
    count = TrafficCount(3, 200)
    return Connection(
        HERE, port, SOURCE, 40_000, 6, ConnectionState.ESTABLISHED, count, count, at * SECOND, 0, proven
    )


class Lists:
    """Stands for the rule book."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = list(rules)
        self.notices: list[str] = []

    def add(self, rule: Rule) -> None:
        self.rules.append(rule)

    def blocker(self, add: Callable[[Rule], object] | None = None, **limits: object) -> AutomaticBlocker:
        values = BlockingLimits(**{"enabled": True, **limits})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        return AutomaticBlocker(
            values, add or self.add, lambda: tuple(self.rules), self.notices.append, range(32_768, 61_000)
        )


def snapshot(alerts: Iterable[Alert], connections: Iterable[Connection] = (), at: float = NOW) -> Snapshot:
    return Snapshot(1, at, 0, SourceOfPackets.LIVE, alerts=tuple(alerts), connections=tuple(connections))


FIVE = [connection(port) for port in range(1, 6)]


def test_forgeable_evidence_alone_never_blocks() -> None:
    lists = Lists()
    lists.blocker().subscriber(snapshot([ALERT]), ())
    assert lists.rules == []


@pytest.mark.parametrize(
    "connections",
    [
        FIVE[:4],
        [connection(80) for _ in range(9)],
        [connection(port, proven=False) for port in range(9)],
        [connection(port, at=99) for port in range(9)],
        [replace(connection(port), remote=HERE) for port in range(9)],
        [connection(port) for port in range(40_000, 40_009)],
    ],
    ids=["too few", "one target", "not proven", "before the scan", "of another source", "our own"],
)
def test_connections_that_do_not_prove_the_source(connections: list[Connection]) -> None:
    lists = Lists()
    lists.blocker().subscriber(snapshot([ALERT], connections), ())
    assert lists.rules == []


def test_a_proven_source_is_blocked_once_with_the_reason_and_an_end() -> None:
    lists = Lists()
    blocker = lists.blocker()
    blocker.subscriber(snapshot([ALERT]), ())
    for _ in range(3):
        blocker.subscriber(snapshot([ALERT], FIVE), ())
    (rule,) = lists.rules
    assert (str(rule.network), rule.action, rule.origin) == ("192.0.2.66/32", RuleAction.BLOCK, "automatic")
    assert rule.expires == NOW + 4 * 3600
    assert rule.reason == ALERT.reason
    assert not rule.forced


def test_evidence_that_cannot_be_forged_needs_no_connections() -> None:
    lists = Lists()
    lists.blocker().subscriber(snapshot([replace(ALERT, forgeable=False)]), ())
    assert len(lists.rules) == 1


def test_off_is_off() -> None:
    lists = Lists()
    lists.blocker(enabled=False).subscriber(snapshot([replace(ALERT, forgeable=False)], FIVE), ())
    assert lists.rules == []
    assert not BlockingLimits().enabled


def test_each_repeat_doubles_the_lifetime_up_to_the_longest() -> None:
    lists = Lists()
    blocker = lists.blocker(lifetime=100.0, maximum_lifetime=350.0)
    lifetimes: list[float] = []
    for number in range(1, 5):
        lists.rules.clear()
        blocker.subscriber(snapshot([replace(ALERT, number=number, forgeable=False)]), ())
        assert lists.rules[0].expires is not None
        lifetimes.append(lists.rules[0].expires - NOW)
    assert lifetimes == [100.0, 200.0, 350.0, 350.0]


def test_an_allowed_or_blocked_source_is_left_alone() -> None:
    for action in RuleAction:
        known = Rule(ipaddress.ip_network("192.0.2.0/24"), action, "", "command", 1.0)
        lists = Lists(known)
        lists.blocker().subscriber(snapshot([ALERT], FIVE), ())
        assert lists.rules == [known]


def test_there_is_an_end_to_automatic_rules() -> None:
    other = Rule(ipaddress.ip_network("198.51.100.1"), RuleAction.BLOCK, "", AUTOMATIC_ORIGIN, 1.0)
    lists = Lists(other)
    lists.blocker(maximum_entries=1).subscriber(snapshot([ALERT], FIVE), ())
    assert lists.rules == [other]
    assert "1 automatic rules are in force" in lists.notices[0]


def test_a_guard_that_refuses_is_told() -> None:
    def refuse(_: Rule) -> None:
        raise UsageError("it is the gateway")

    lists = Lists()
    lists.blocker(refuse).subscriber(snapshot([ALERT], FIVE), ())
    assert lists.notices == ["not blocked by itself: it is the gateway"]


SYN, ACK, SYN_ACK, PSH_ACK, FIN_ACK, RST, RST_ACK, FIN = 0x02, 0x10, 0x12, 0x18, 0x11, 0x04, 0x14, 0x01


@pytest.mark.parametrize(
    ("received", "sent", "proven"),
    [
        ([SYN, ACK, PSH_ACK], [SYN_ACK, PSH_ACK], True),
        ([SYN, ACK, FIN_ACK], [SYN_ACK, FIN_ACK], True),
        ([SYN, ACK, RST_ACK], [SYN_ACK, PSH_ACK], True),
        ([SYN], [SYN_ACK, SYN_ACK], False),
        ([SYN, ACK], [SYN_ACK], False),
        ([SYN, ACK], [SYN_ACK, RST], False),
        ([SYN, ACK, PSH_ACK], [SYN_ACK, PSH_ACK, RST], False),
        ([SYN, RST_ACK], [SYN_ACK], False),
        ([SYN, FIN], [SYN_ACK], False),
        ([ACK], [PSH_ACK], False),
        ([SYN_ACK, ACK], [SYN, PSH_ACK], True),
        ([PSH_ACK], [], False),
    ],
)
def test_what_proves_an_address(received: list[int], sent: list[int], proven: bool) -> None:
    """What can be forged without seeing our answers proves nothing."""
    frames: list[CapturedFrame] = []
    for flags in received:
        data = bytes(
            ethernet() / ipv4(src="10.0.0.9", dst="10.0.0.1") / tcp(sport=9, dport=80, flags=TcpFlags(flags))
        )
        frames.append(CapturedFrame(SECOND, data, len(data), CaptureWay.RECEIVED))
    for flags in sent:
        data = bytes(
            ethernet() / ipv4(src="10.0.0.1", dst="10.0.0.9") / tcp(sport=80, dport=9, flags=TcpFlags(flags))
        )
        frames.append(CapturedFrame(SECOND, data, len(data), CaptureWay.SENT))
    with capture_session(frames, "test", SourceOfPackets.REPLAY, paced=False) as service:
        service.run(1.0)
        assert service.latest is not None
        (row,) = service.latest.connections
        assert row.proven is proven
