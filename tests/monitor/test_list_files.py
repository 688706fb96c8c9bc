"""List files of the formats that people have, bulk changes, and which rule an address meets."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest

import osmia
from osmia import XdpAction
from osmia.errors import MalformedError, UsageError
from osmia.monitor import kernel
from osmia.monitor.host import Protected
from osmia.monitor.lists.book import RuleBook
from osmia.monitor.lists.bulk import ListImport
from osmia.monitor.lists.formats import ListEntry, list_lines, parse_list, read_list
from osmia.monitor.lists.matching import Verdict, verdict_of
from osmia.monitor.lists.rules import LIST_ORIGIN, Rule
from osmia.monitor.lists.store import load_rules
from osmia.monitor.model import RuleAction
from osmia.packets import ethernet, ipv4, ipv6, udp

GATEWAY = Protected(ipaddress.ip_address("10.0.0.1"), "it is the gateway of the default route")

NETSET = b"""#
# firehol_level1
#
# Maintainer      : FireHOL
1.10.16.0/20
2.56.192.0/22
5.188.10.9
"""
DROP = b"""; Spamhaus DROP List 2026/11/22
; Expires: Sun, 22 Nov 2026 22:00:00 GMT
1.10.16.0/20 ; SBL256894
1.19.0.0/16 ; SBL434604
2001:db8::/32 ; SBL1
"""


def networks(entries: list[ListEntry]) -> list[str]:
    return [str(entry.network) for entry in entries]


def rule(network: str, action: RuleAction = RuleAction.BLOCK, **more: object) -> Rule:
    data = {"network": network, "action": action.value, "reason": "test", "origin": "test", "created": 1.0}
    return Rule.from_json({**data, **more})


@pytest.fixture
def bpf() -> Iterator[osmia.SimulatedBpf]:
    with osmia.simulate(kernel.monitor_ingress) as simulated:
        yield simulated


def is_dropped(bpf: osmia.Bpf, source: str) -> bool:
    header = ipv6(src=source) if ":" in source else ipv4(src=source)
    return bpf[kernel.monitor_ingress].run(ethernet() / header / udp()).action is XdpAction.DROP


def test_a_firehol_netset() -> None:
    assert networks(parse_list(NETSET, "x")) == ["1.10.16.0/20", "2.56.192.0/22", "5.188.10.9/32"]


def test_a_spamhaus_drop_list_keeps_its_references() -> None:
    entries = parse_list(DROP, "x")
    assert networks(entries) == ["1.10.16.0/20", "1.19.0.0/16", "2001:db8::/32"]
    assert [entry.note for entry in entries] == ["SBL256894", "SBL434604", "SBL1"]


def test_white_space_empty_lines_and_repetitions_do_no_harm() -> None:
    content = b"  10.0.0.0/8\t# a\r\n\r\n10.0.0.0/8\n10.1.2.3/8\n#\n;\n::1#loop\n"
    assert networks(parse_list(content, "x")) == ["10.0.0.0/8", "::1/128"]
    assert parse_list(b"", "x") == []


@pytest.mark.parametrize(
    "line",
    ["10.0.0.0/33", "10.0.0", "bad", "10.0.0.1 10.0.0.2", "1.2.3.4-1.2.3.9", "\x1b[2J", "1" * 5000, "\0"],
)
def test_a_bad_line_is_named_and_nothing_is_taken(line: str) -> None:
    content = f"# head\n10.0.0.1\n{line}\n10.0.0.2\nworse\n".encode()
    with pytest.raises(
        MalformedError, match=r"drop\.txt, line 3: .*1 more lines.*nothing was imported"
    ) as raised:
        parse_list(content, "drop.txt")
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


def test_a_comment_is_cut_and_made_printable() -> None:
    (entry,) = parse_list(b"10.0.0.1 ; \x1b[2J\xff" + b"x" * 500, "x")
    assert len(entry.note) == 200
    assert entry.note.isprintable()


def test_too_many_entries_or_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("osmia.monitor.lists.formats.MAXIMUM_RULES", 2)
    with pytest.raises(MalformedError, match="room for 2"):
        parse_list(b"10.0.0.1\n10.0.0.2\n10.0.0.3\n", "x")
    monkeypatch.setattr("osmia.monitor.lists.formats.MAXIMUM_BYTES", 10)
    (tmp_path / "large").write_bytes(b"10.0.0.1\n10.0.0.2\n")
    with pytest.raises(MalformedError, match="more than 10 bytes"):
        read_list(tmp_path / "large")


def test_what_is_exported_can_be_imported() -> None:
    rules = [
        rule("10.0.0.0/8", reason="a reason # with marks ; in it"),
        rule("2001:db8::/32", reason=""),
        rule("192.0.2.1", RuleAction.ALLOW),
    ]
    text = "\n".join(list_lines(rules, RuleAction.BLOCK, now=100.0))
    entries = parse_list(text.encode(), "x")
    assert [(str(e.network), e.note) for e in entries] == [
        ("10.0.0.0/8", "a reason # with marks ; in it"),
        ("2001:db8::/32", ""),
    ]


def test_an_import_crosses_the_socket_whole() -> None:
    given = ListImport(RuleAction.BLOCK, parse_list(DROP, "x"), "import drop.txt", "why", 60.0, False, True)
    assert ListImport.from_json(given.to_json()) == given
    first, *_ = given.rules(100.0)
    assert (first.reason, first.expires, first.origin) == ("SBL256894", 160.0, "import drop.txt")


@pytest.mark.parametrize(
    "change",
    [
        {"entries": 5},
        {"entries": ["10.0.0.1"]},
        {"entries": [["10.0.0.1", "x" * 201]]},
        {"entries": [["10.0.0.1", "\x1b"]]},
        {"entries": [["nonsense", ""]]},
        {"action": "burn"},
        {"seconds": "soon"},
        {"seconds": True},
    ],
)
def test_an_import_that_cannot_be_meant_is_refused(change: dict[str, object]) -> None:
    good = ListImport(RuleAction.BLOCK, [], "x").to_json()
    with pytest.raises((MalformedError, UsageError)):
        ListImport.from_json({**good, **change})


def test_many_rules_are_in_force_or_none(bpf: osmia.SimulatedBpf) -> None:
    book = RuleBook(bpf, lambda: (GATEWAY,))
    done = book.add_many([rule("192.0.2.0/24"), rule("2001:db8::/32")])
    assert (done.added, done.replaced) == (2, 0)
    assert is_dropped(bpf, "192.0.2.7")
    assert is_dropped(bpf, "2001:db8::1")
    with pytest.raises(UsageError, match="gateway"):
        book.add_many([rule("198.51.100.0/24"), rule("10.0.0.0/8")])
    assert not is_dropped(bpf, "198.51.100.1")
    done = book.add_many(
        [rule("192.0.2.0/24"), rule("198.51.100.0/24"), rule("10.0.0.0/8")], skip_refused=True
    )
    assert (done.added, done.replaced, len(done.refused)) == (1, 1, 1)
    assert is_dropped(bpf, "198.51.100.1")
    assert not is_dropped(bpf, "10.0.0.1")


def test_a_kernel_that_refuses_half_way_leaves_nothing_behind(
    bpf: osmia.SimulatedBpf, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = RuleBook(bpf, tuple[Protected, ...])
    book.add(rule("203.0.113.0/24"))
    put = type(bpf[kernel.blocked]).__setitem__
    count = 0

    def fail_at_third(self: object, key: object, value: object) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise osmia.MapFullError(7, "full")
        put(self, key, value)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType, reportUnknownMemberType]

    monkeypatch.setattr(type(bpf[kernel.blocked]), "__setitem__", fail_at_third)
    with pytest.raises(osmia.MapFullError):
        book.add_many([rule(f"192.0.2.{n}") for n in range(8)])
    assert [str(known.network) for known in book.rules()] == ["203.0.113.0/24"]
    assert len(bpf[kernel.blocked]) == 1
    assert len(bpf[kernel.rule_hits]) == 1
    assert is_dropped(bpf, "203.0.113.1")


def test_too_many_rules_change_nothing(bpf: osmia.SimulatedBpf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("osmia.monitor.lists.book.MAXIMUM_RULES", 3)
    book = RuleBook(bpf, tuple[Protected, ...])
    book.add_many([rule("192.0.2.1"), rule("192.0.2.2")])
    with pytest.raises(UsageError, match="full"):
        book.add_many([rule("192.0.2.2"), rule("192.0.2.3"), rule("192.0.2.4")])
    assert len(book.rules()) == 2
    assert book.add_many([rule("192.0.2.2"), rule("192.0.2.3")]).added == 1


def test_a_list_file_of_the_configuration_follows_the_file(bpf: osmia.SimulatedBpf, tmp_path: Path) -> None:
    path = tmp_path / "lists.json"
    book = RuleBook(bpf, lambda: (GATEWAY,), path)
    origin = LIST_ORIGIN + "drop.txt"
    book.add(rule("192.0.2.1"))
    listed = [rule(network, origin=origin) for network in ("192.0.2.1", "192.0.2.2", "10.0.0.1")]
    done = book.sync(RuleAction.BLOCK, origin, listed)
    assert (done.added, len(done.refused)) == (1, 1)
    assert is_dropped(bpf, "192.0.2.2")
    assert [str(kept.network) for kept in load_rules(path)] == ["192.0.2.1/32"]
    done = book.sync(RuleAction.BLOCK, origin, [rule("192.0.2.3", origin=origin)])
    assert (done.added, done.removed) == (1, 1)
    assert not is_dropped(bpf, "192.0.2.2")
    assert is_dropped(bpf, "192.0.2.1")
    assert is_dropped(bpf, "192.0.2.3")


def test_hits_are_read_again_after_the_last_drop(bpf: osmia.SimulatedBpf) -> None:
    book = RuleBook(bpf, tuple[Protected, ...])
    book.add_many([rule("192.0.2.0/24"), rule("198.51.100.0/24")])
    before = book.states()
    assert sum(state.dropped.packets for state in before) == 0
    assert is_dropped(bpf, "192.0.2.7")
    first = book.states(before, 1.0)
    assert [state.dropped.packets for state in first] == [1, 0]
    assert first[0].dropped.packets_per_second == 1.0
    again = book.states(book.states(first, 1.0), 1.0)
    assert [state.dropped.packets for state in again] == [1, 0]
    assert again[0].dropped.packets_per_second == 0.0
    assert is_dropped(bpf, "198.51.100.7")
    assert [state.dropped.packets for state in book.states(again, 1.0)] == [1, 1]


RULES = [
    rule("192.0.2.0/24"),
    rule("192.0.2.128/25", reason="half"),
    rule("192.0.2.200", RuleAction.ALLOW),
    rule("2001:db8::/32"),
    rule("198.51.100.0/24", expires=50.0),
]


@pytest.mark.parametrize(
    ("address", "blocking", "allowing"),
    [
        ("192.0.2.1", "192.0.2.0/24", None),
        ("192.0.2.129", "192.0.2.128/25", None),
        ("192.0.2.200", "192.0.2.128/25", "192.0.2.200/32"),
        ("2001:db8::9", "2001:db8::/32", None),
        ("203.0.113.1", None, None),
        ("198.51.100.1", None, None),
    ],
)
def test_the_longest_rule_that_holds_an_address(
    bpf: osmia.SimulatedBpf, address: str, blocking: str | None, allowing: str | None
) -> None:
    tested = ipaddress.ip_address(address)
    verdict = verdict_of(tested, RULES, now=100.0)
    found = [None if known is None else str(known.network) for known in (verdict.blocking, verdict.allowing)]
    assert found == [blocking, allowing]
    assert Verdict.from_json(tested, verdict.to_json()) == verdict
    assert address in verdict.text
    book = RuleBook(bpf, tuple[Protected, ...])
    book.add_many(RULES)
    book.expire(100.0)
    assert is_dropped(bpf, address) is verdict.blocked


@pytest.mark.parametrize("network", ["::/8", "::/64", "::fffe:0:0/95", "::/1", "8000::/1"])
def test_an_ipv6_network_that_would_drop_all_of_ipv4_is_never_blocked(
    bpf: osmia.SimulatedBpf, network: str
) -> None:
    book = RuleBook(bpf, tuple[Protected, ...])
    with pytest.raises(UsageError, match="never blocked"):
        book.add(rule(network, forced=True))
    assert not is_dropped(bpf, "192.0.2.1")
