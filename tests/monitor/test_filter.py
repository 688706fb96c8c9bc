"""Filters of rows."""

from __future__ import annotations

import ipaddress

import pytest

from osmia.errors import UsageError
from osmia.monitor.filter import FilterFields, parse_filter

ROW = FilterFields(
    addresses={"src": ipaddress.ip_address("10.1.2.3"), "dst": ipaddress.ip_address("2001:db8::1")},
    ports=(40000, 443),
    words={"proto": "tcp", "state": "established"},
    text="tcp 10.1.2.3:40000 [2001:db8::1]:443 established",
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("port:443", True),
        ("port:44", False),
        ("src:10.0.0.0/8", True),
        ("dst:10.0.0.0/8", False),
        ("addr:2001:db8::/32", True),
        ("src:2001:db8::/32", False),
        ("proto:tcp !proto:udp", True),
        ("proto:TCP", True),
        ("!port:443", False),
        ("state:established port:443 src:10.1.2.3", True),
        ("state:established port:80", False),
        ("ESTAB", True),
        ("10.1.2", True),
        ("!nothing", True),
        ("2001:db8::1", True),
    ],
)
def test_terms(text: str, matches: bool) -> None:
    assert parse_filter(text)(ROW) is matches


@pytest.mark.parametrize("text", ["port:https", "port:70000", "src:example", "x" * 201])
def test_a_wrong_term_is_named(text: str) -> None:
    with pytest.raises(UsageError):
        parse_filter(text)
