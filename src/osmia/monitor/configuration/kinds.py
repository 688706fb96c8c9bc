"""Kinds of values: how each is read from TOML and from text, checked, and written as TOML."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from osmia.errors import UsageError
from osmia.monitor.json_values import as_list
from osmia.monitor.lists.rules import parse_duration

__all__ = ["Kind", "boolean", "choice", "duration", "integer", "loopback", "number", "text", "texts"]

T = TypeVar("T")

MAXIMUM_TEXT = 4096
MAXIMUM_ITEMS = 256
UNITS = (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of value. The readers raise ValueError for what is none."""

    name: str
    """With its article, to stand in "NAME is wanted"."""
    from_toml: Callable[[object], T]
    from_text: Callable[[str], T]
    """From an environment variable."""
    to_toml: Callable[[T], str]


def text() -> Kind[str]:
    """Any text of one line."""
    return Kind("a text", _text, _text, json.dumps)


def texts() -> Kind[tuple[str, ...]]:
    """A list of texts; separated by commas in the environment."""

    def from_toml(value: object) -> tuple[str, ...]:
        items = as_list(value)
        if items is None or len(items) > MAXIMUM_ITEMS:
            raise ValueError
        return tuple(_text(item) for item in items)

    def from_text(given: str) -> tuple[str, ...]:
        return from_toml([item.strip() for item in given.split(",") if item.strip()])

    return Kind(
        f"a list of at most {MAXIMUM_ITEMS} texts",
        from_toml,
        from_text,
        lambda items: json.dumps(list(items)),
    )


def boolean() -> Kind[bool]:
    """True or false."""

    def from_toml(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    def from_text(given: str) -> bool:
        return from_toml({"true": True, "false": False}.get(given.lower()))

    return Kind("true or false", from_toml, from_text, json.dumps)


def choice(*choices: str) -> Kind[str]:
    """One of some words."""

    def read(value: object) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return Kind(f"one of {', '.join(choices)}", read, read, json.dumps)


def integer(least: int, most: int) -> Kind[int]:
    """A whole number in a range."""

    def from_toml(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError
        return value

    return Kind(f"a whole number from {least} to {most}", from_toml, lambda given: from_toml(int(given)), str)


def number(least: float, most: float, also: float | None = None) -> Kind[float]:
    """A number in a range, or one special value."""

    def from_toml(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError
        if value != also and not least <= value <= most:
            raise ValueError
        return float(value)

    special = "" if also is None else f", or {also:g}"
    return Kind(
        f"a number from {least:g} to {most:g}{special}",
        from_toml,
        lambda given: from_toml(float(given)),
        lambda value: f"{value:g}",
    )


def duration(longest: str) -> Kind[float]:
    """Seconds, written 30s, 10m, 4h, 7d or 1h30m."""
    most = parse_duration(longest)

    def read(value: object) -> float:
        try:
            seconds = parse_duration(_text(value))
        except UsageError:
            raise ValueError from None
        if seconds > most:
            raise ValueError
        return seconds

    return Kind(
        f"a duration such as 30s, 10m or 4h, of at most {longest}",
        read,
        read,
        lambda seconds: f'"{_duration_text(int(seconds))}"',
    )


def loopback() -> Kind[str]:
    """A port of the loopback interface, written 127.0.0.1:9464 or [::1]:9464; empty for none."""

    def read(value: object) -> str:
        given = _text(value)
        if given:
            host, _, port = given.rpartition(":")
            address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
            if not address.is_loopback or not port.isdecimal() or int(port) > 65_535:
                raise ValueError
        return given

    return Kind('an address of this machine alone, as "127.0.0.1:9464", or ""', read, read, json.dumps)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAXIMUM_TEXT or not value.isprintable():
        raise ValueError
    return value


def _duration_text(seconds: int) -> str:
    parts: list[str] = []
    for unit, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
