"""Many entries at once: `block import`, on its way to the monitor or into the list file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from osmia.errors import MalformedError
from osmia.monitor.json_values import as_list, as_object
from osmia.monitor.lists.book import Imported
from osmia.monitor.lists.formats import ListEntry
from osmia.monitor.lists.rules import MAXIMUM_TEXT, Rule, parse_network
from osmia.monitor.lists.store import MAXIMUM_RULES
from osmia.monitor.model import RuleAction

__all__ = ["ListImport", "import_text"]

SHOWN = 3


@dataclass(frozen=True, slots=True)
class ListImport:
    """What a user wants done with the entries of a list."""

    action: RuleAction
    entries: Sequence[ListEntry]
    origin: str
    reason: str = ""
    """For the entries without a comment of their own."""
    seconds: float | None = None
    """How long they are in force; None until they are deleted."""
    force: bool = False
    skip_refused: bool = False
    """Leave out what a guard refuses, instead of refusing the whole list."""

    def rules(self, now: float) -> Iterator[Rule]:
        """The rules, made `now` (seconds since the epoch). Raises MalformedError."""
        expires = None if self.seconds is None else now + self.seconds
        first = Rule.from_json(self._rule_json(now, expires))
        for entry in self.entries:
            yield Rule(
                entry.network,
                self.action,
                entry.note or first.reason,
                first.origin,
                now,
                expires,
                first.forced,
            )

    def to_json(self) -> dict[str, object]:
        """Plain data, for the control socket."""
        return {
            "action": self.action.value,
            "origin": self.origin,
            "reason": self.reason,
            "seconds": self.seconds,
            "force": self.force,
            "skip_refused": self.skip_refused,
            "entries": [[str(entry.network), entry.note] for entry in self.entries],
        }

    @classmethod
    def from_json(cls, value: object) -> ListImport:
        """The import that plain data stands for. Raises MalformedError, UsageError for a network."""
        data, entries = as_object(value), as_list((as_object(value) or {}).get("entries"))
        if data is None or entries is None or len(entries) > MAXIMUM_RULES:
            raise MalformedError("import", f"it is an object with at most {MAXIMUM_RULES} entries")
        seconds = data.get("seconds")
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float))):
            raise MalformedError("import", "seconds is a number")
        try:
            action = RuleAction(data.get("action"))
        except ValueError:
            raise MalformedError("import", "action is block or allow") from None
        return cls(
            action,
            [_entry(entry) for entry in entries],
            str(data.get("origin", "import")),
            str(data.get("reason", "")),
            seconds,
            data.get("force") is True,
            data.get("skip_refused") is True,
        )

    def _rule_json(self, now: float, expires: float | None) -> dict[str, object]:
        """What all the rules have in common, to be checked as one from outside is."""
        return {
            "network": "192.0.2.0/32",
            "action": self.action.value,
            "reason": self.reason,
            "origin": self.origin,
            "created": now,
            "expires": expires,
            "forced": self.force,
        }


def import_text(action: RuleAction, done: Imported) -> str:
    """What an import did, in words."""
    text = f"{action.value}s {done.added + done.replaced} networks from now on"
    if done.replaced:
        text += f", {done.replaced} of which had a rule that was replaced"
    if done.refused:
        shown = "\n  ".join(done.refused[:SHOWN])
        more = f"\n  and {len(done.refused) - SHOWN} more" if len(done.refused) > SHOWN else ""
        text += f"; left out {len(done.refused)}:\n  {shown}{more}"
    return text


def _entry(value: object) -> ListEntry:
    pair = as_list(value)
    if pair is None or len(pair) != 2:
        raise MalformedError("import", "an entry is a pair of network and comment")
    network, note = str(pair[0]), str(pair[1])
    if len(note) > MAXIMUM_TEXT or not note.isprintable():
        raise MalformedError("import", f"comments are printable and have at most {MAXIMUM_TEXT} characters")
    return ListEntry(parse_network(network), note)
