"""Filters of rows: `port:443 src:10.0.0.0/8 !proto:udp text`. All terms must hold; `!` turns one around."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from osmia.errors import UsageError
from osmia.monitor.addresses import network_from_text
from osmia.monitor.model import Address

__all__ = ["FilterFields", "RowFilter", "parse_filter"]

MAXIMUM_LENGTH = 200
ADDRESS_FIELDS = ("src", "dst", "addr")


@dataclass(frozen=True, slots=True)
class FilterFields:
    """What of a row a filter sees."""

    addresses: Mapping[str, Address]
    """"src": who sends to us; "dst": this machine's end."""
    ports: tuple[int, ...]
    words: Mapping[str, str]
    """"proto", "state" and what else a row has."""
    text: str
    """What a term without a field name is looked for in."""


RowFilter = Callable[[FilterFields], bool]


def parse_filter(text: str) -> RowFilter:
    """The filter that a text stands for. Raises UsageError that names the term that is wrong."""
    if len(text) > MAXIMUM_LENGTH:
        raise UsageError(f"a filter has at most {MAXIMUM_LENGTH} characters")
    terms = [_parse_term(term) for term in text.split()]
    return lambda fields: all(term(fields) for term in terms)


def _parse_term(term: str) -> RowFilter:
    if term.startswith("!"):
        inner = _parse_term(term[1:])
        return lambda fields: not inner(fields)
    name, separator, value = term.partition(":")
    if separator and name in ADDRESS_FIELDS:
        return _address_term(name, value)
    if separator and name == "port":
        return _port_term(value)
    if separator and name in ("proto", "state", "kind", "process"):
        return lambda fields: fields.words.get(name, "") == value.lower()
    wanted = term.lower()
    return lambda fields: wanted in fields.text.lower()


def _address_term(name: str, value: str) -> RowFilter:
    try:
        network = network_from_text(value)
    except ValueError:
        raise UsageError(f"{value!r} is no address or network", f"write {name}:10.0.0.0/8") from None

    def matches(fields: FilterFields) -> bool:
        return any(
            (name in ("addr", role)) and address.version == network.version and address in network
            for role, address in fields.addresses.items()
        )

    return matches


def _port_term(value: str) -> RowFilter:
    if not value.isdecimal() or int(value) > 65_535:
        raise UsageError(f"{value!r} is no port", "write port:443")
    port = int(value)
    return lambda fields: port in fields.ports
