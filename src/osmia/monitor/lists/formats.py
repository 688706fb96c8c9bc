"""List files: one address or network a line, as firehol, Spamhaus DROP and people write them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from osmia.errors import MalformedError
from osmia.monitor.addresses import network_from_text
from osmia.monitor.lists.rules import MAXIMUM_TEXT, Rule
from osmia.monitor.lists.store import MAXIMUM_RULES
from osmia.monitor.model import Network, RuleAction

__all__ = ["ListEntry", "list_lines", "parse_list", "read_list"]

MAXIMUM_BYTES = 32 * 1024 * 1024
LONGEST_NETWORK = 64
SHOWN = 60


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line of a list file."""

    network: Network
    note: str
    """The comment behind it, such as Spamhaus' SBL number."""


def read_list(path: Path) -> list[ListEntry]:
    """The entries of a list file, of standard input for "-". Raises MalformedError, OSError."""
    if str(path) == "-":
        return parse_list(_content(sys.stdin.buffer, "standard input"), "standard input")
    with path.open("rb") as file:
        return parse_list(_content(file, str(path)), str(path))


def parse_list(content: bytes, name: str) -> list[ListEntry]:
    """The entries in their order, each network once; `#` and `;` begin a comment.

    Raises MalformedError with the first bad line and the number of bad lines.
    """
    entries: dict[Network, ListEntry] = {}
    bad: list[str] = []
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        text, note = _split(line)
        if not text:
            continue
        try:
            network = network_from_text(text if len(text) <= LONGEST_NETWORK else "")
        except ValueError:
            bad.append(f"line {number}: {text[:SHOWN]!r} is no address or network")
            continue
        entries.setdefault(network, ListEntry(network, note))
    if bad:
        others = "" if len(bad) == 1 else f", and {len(bad) - 1} more lines like it"
        raise MalformedError("list", f"{name}, {bad[0]}{others}; nothing was imported")
    if len(entries) > MAXIMUM_RULES:
        raise MalformedError(
            "list", f"{name} has {len(entries)} entries, and there is room for {MAXIMUM_RULES}"
        )
    return list(entries.values())


def list_lines(rules: Iterable[Rule], action: RuleAction, now: float) -> Iterator[str]:
    """The rules of one action as a list file that `import` reads, made `now` (seconds since the epoch)."""
    yield f"# osmia {action.value} list, {_date(now)}"
    for rule in rules:
        if rule.action is action:
            yield f"{rule.network} ; {rule.reason}" if rule.reason else str(rule.network)


def _content(file: BinaryIO, name: str) -> bytes:
    content = file.read(MAXIMUM_BYTES + 1)
    if len(content) > MAXIMUM_BYTES:
        raise MalformedError("list", f"{name} has more than {MAXIMUM_BYTES} bytes")
    return content


def _split(line: str) -> tuple[str, str]:
    """An entry and its comment."""
    start = min((at for at in (line.find("#"), line.find(";")) if at >= 0), default=len(line))
    note = "".join(character for character in line[start + 1 :] if character.isprintable())
    return line[:start].strip(), note.strip()[:MAXIMUM_TEXT]


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
