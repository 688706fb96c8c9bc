"""Rules, guards, the list file and the book that puts them in force."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import osmia
from osmia import XdpAction
from osmia.errors import MalformedError, UsageError
from osmia.monitor import kernel
from osmia.monitor.host import Protected
from osmia.monitor.lists.book import RuleBook
from osmia.monitor.lists.guards import check_block
from osmia.monitor.lists.rules import Rule, parse_duration, parse_network
from osmia.monitor.lists.store import load_rules, save_rules, state_directory
from osmia.monitor.model import RuleAction
from osmia.packets import ethernet, ipv4, ipv6, udp

GATEWAY = Protected(ipaddress.ip_address("10.0.0.1"), "it is the gateway of the default route")
PEER = Protected(ipaddress.ip_address("2001:db8::22"), "it is the peer of an established SSH session")


def rule(network: str, action: RuleAction = RuleAction.BLOCK, **more: object) -> Rule:
    data = {"network": network, "action": action.value, "reason": "test", "origin": "test", "created": 1.0}
    return Rule.from_json({**data, **more})


@pytest.fixture
def bpf() -> Iterator[osmia.SimulatedBpf]:
    with osmia.simulate(kernel.monitor_ingress) as simulated:
        yield simulated


def verdict(bpf: osmia.Bpf, source: str) -> XdpAction:
    header = ipv6(src=source) if ":" in source else ipv4(src=source)
    return bpf[kernel.monitor_ingress].run(ethernet() / header / udp()).action


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.9", "10.0.0.9/32"),
        ("10.0.0.9/8", "10.0.0.0/8"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::ffff:10.0.0.9", "10.0.0.9/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ],
)
def test_networks(text: str, network: str) -> None:
    assert str(parse_network(text)) == network


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.0/33", "example.org", "1" * 5000, "10.0.0.1 drop"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no address or network"):
        parse_network(text)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("4h", 14_400), ("1h30m", 5400), ("7d", 604_800)])
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "h", "10", "-1h", "1h foo", "99999w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize("network", ["10.0.0.1", "10.0.0.0/8", "2001:db8::/32"])
def test_what_the_machine_needs_is_not_blocked_unless_forced(network: str) -> None:
    with pytest.raises(UsageError, match=r"is not blocked.*give --force"):
        check_block(parse_network(network), [GATEWAY, PEER], force=False)
    check_block(parse_network(network), [GATEWAY, PEER], force=True)
    check_block(parse_network("192.0.2.0/24"), [GATEWAY, PEER], force=False)


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "128.0.0.0/1"])
def test_a_default_route_is_never_blocked(network: str) -> None:
    with pytest.raises(UsageError, match="never blocked"):
        check_block(parse_network(network), [], force=True)


def test_a_rule_drops_at_once_and_no_more_after_its_removal(bpf: osmia.SimulatedBpf) -> None:
    book = RuleBook(bpf, tuple[Protected, ...])
    assert book.add(rule("10.0.0.0/24"))
    assert book.add(rule("2001:db8:1::/48"))
    assert verdict(bpf, "10.0.0.7") == verdict(bpf, "2001:db8:1::7") == XdpAction.DROP
    assert verdict(bpf, "10.0.1.7") == XdpAction.PASS
    assert book.remove(RuleAction.BLOCK, parse_network("10.0.0.0/24"))
    assert verdict(bpf, "10.0.0.7") == XdpAction.PASS
    assert not book.remove(RuleAction.BLOCK, parse_network("10.0.0.0/24"))
    (state,) = book.states()
    assert state.dropped.packets == 1
    assert len(bpf[kernel.rule_hits]) == 1


def test_allow_wins_and_the_longest_block_counts(bpf: osmia.SimulatedBpf) -> None:
    book = RuleBook(bpf, tuple[Protected, ...])
    book.add(rule("10.0.0.0/8"))
    book.add(rule("10.0.0.0/24"))
    book.add(rule("10.0.0.9", RuleAction.ALLOW))
    assert verdict(bpf, "10.0.0.9") == XdpAction.PASS
    verdict(bpf, "10.0.0.8")
    verdict(bpf, "10.5.0.8")
    verdict(bpf, "10.5.0.9")
    dropped = {str(state.network): state.dropped.packets for state in book.states()}
    assert dropped == {"10.0.0.0/8": 2, "10.0.0.0/24": 1, "10.0.0.9/32": 0}


def test_a_rule_is_replaced_with_its_hits_kept(bpf: osmia.SimulatedBpf) -> None:
    book = RuleBook(bpf, tuple[Protected, ...])
    book.add(rule("10.0.0.9"))
    verdict(bpf, "10.0.0.9")
    assert not book.add(rule("10.0.0.9", reason="another"))
    (state,) = book.states()
    assert (state.reason, state.dropped.packets) == ("another", 1)


def test_rules_expire(bpf: osmia.SimulatedBpf, tmp_path: Path) -> None:
    path = tmp_path / "lists.json"
    book = RuleBook(bpf, tuple[Protected, ...], path)
    book.add(rule("10.0.0.9", expires=100.0))
    book.add(rule("10.0.0.8"))
    assert book.expire(99.0) == []
    assert [str(over.network) for over in book.expire(100.0)] == ["10.0.0.9/32"]
    assert verdict(bpf, "10.0.0.9") == XdpAction.PASS
    assert [str(kept.network) for kept in load_rules(path)] == ["10.0.0.8/32"]


def test_the_book_asks_the_guards_also_of_the_list_file(bpf: osmia.SimulatedBpf, tmp_path: Path) -> None:
    path = tmp_path / "lists.json"
    book = RuleBook(bpf, lambda: [GATEWAY], path)
    with pytest.raises(UsageError, match="gateway"):
        book.add(rule("10.0.0.0/8"))
    (refused,) = book.restore([rule("10.0.0.0/8"), rule("192.0.2.1")])
    assert "gateway" in refused
    assert verdict(bpf, "10.0.0.7") == XdpAction.PASS
    assert verdict(bpf, "192.0.2.1") == XdpAction.DROP
    book.add(rule("192.0.2.2"))
    assert {str(kept.network) for kept in load_rules(path)} == {"10.0.0.0/8", "192.0.2.1/32", "192.0.2.2/32"}
    assert book.restore([rule("10.0.0.0/8", forced=True)]) == []


def test_the_list_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "state" / "lists.json"
    rules = [rule("10.0.0.0/8", expires=5.0), rule("::1", RuleAction.ALLOW, forced=True)]
    save_rules(path, rules)
    assert load_rules(path) == rules
    assert [entry.name for entry in path.parent.iterdir()] == ["lists.json"]


def test_no_list_file_is_no_rules(tmp_path: Path) -> None:
    assert load_rules(tmp_path / "none.json") == []


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[1]",
        "[" * 100_000,
        json.dumps([{"network": "10.0.0.0/8"}]),
        json.dumps([{"network": "10.0.0.0/8", "action": "burn", "created": 1}]),
        json.dumps([{"network": "10.0.0.0/8", "action": "block", "created": "now"}]),
        json.dumps([{"network": "10.0.0.0/8", "action": "block", "created": 1, "reason": "\x1b[2J"}]),
        json.dumps([{"network": "10.0.0.0/8", "action": "block", "created": 1, "reason": "x" * 300}]),
        json.dumps([{"network": "10.0.0.0/8", "action": "block", "created": 1, "expires": float("nan")}]),
    ],
)
def test_a_damaged_list_file_is_a_clear_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lists.json"
    path.write_text(content)
    with pytest.raises(MalformedError, match="list"):
        load_rules(path)


def test_state_directories(monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_directory({"OSMIA_STATE_DIRECTORY": "/x"}) == Path("/x")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert state_directory({}) == Path("/var/lib/osmia")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert state_directory({"HOME": "/home/bee"}) == Path("/home/bee/.local/state/osmia")
    assert state_directory({"XDG_STATE_HOME": "/s"}) == Path("/s/osmia")
