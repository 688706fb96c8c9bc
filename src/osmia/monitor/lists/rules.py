"""One entry of the block or allow list, checked where it comes from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass

from osmia.errors import MalformedError, UsageError
from osmia.monitor.addresses import network_from_text
from osmia.monitor.json_values import as_object
from osmia.monitor.model import Network, RuleAction

__all__ = ["LIST_ORIGIN", "MAXIMUM_TEXT", "Rule", "parse_duration", "parse_network"]

MAXIMUM_TEXT = 200
LIST_ORIGIN = "list "
"""What the origin of a rule begins with that comes from a list file of the configuration."""
LAST_TIME = 1e12
MAXIMUM_SECONDS = 10 * 365 * 86_400
_DURATION = re.compile(r"(\d{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Rule:
    """One network that is blocked or allowed; times are seconds since the epoch."""

    network: Network
    action: RuleAction
    reason: str
    origin: str
    """Who asked for it: "command", "dashboard", "automatic", "import NAME", "list PATH"."""
    created: float
    expires: float | None = None
    forced: bool = False
    """Put in force against a guard's advice."""

    @property
    def stored(self) -> bool:
        """Whether it is kept in the monitor's own list file; those of the configuration are read anew."""
        return not self.origin.startswith(LIST_ORIGIN)

    def to_json(self) -> dict[str, object]:
        """Plain data, for the list file and the control socket."""
        return {
            "network": str(self.network),
            "action": self.action.value,
            "reason": self.reason,
            "origin": self.origin,
            "created": self.created,
            "expires": self.expires,
            "forced": self.forced,
        }

    @classmethod
    def from_json(cls, value: object) -> Rule:
        """The rule that plain data stands for. Raises MalformedError."""
        data = as_object(value)
        if data is None:
            raise MalformedError("list entry", "it is no object")
        try:
            network = network_from_text(_text(data.get("network")))
            action = RuleAction(data.get("action"))
        except ValueError as error:
            raise MalformedError("list entry", str(error)) from None
        expires = data.get("expires")
        return cls(
            network,
            action,
            _text(data.get("reason", "")),
            _text(data.get("origin", "file")),
            _time(data.get("created")),
            None if expires is None else _time(expires),
            data.get("forced", False) is True,
        )


def parse_network(text: str) -> Network:
    """An address or CIDR network that a user gave. Raises UsageError."""
    try:
        return network_from_text(text[:MAXIMUM_TEXT])
    except ValueError:
        raise UsageError(
            f"{text[:60]!r} is no address or network", "write one like 10.0.0.9, 10.0.0.0/8 or 2001:db8::/32"
        ) from None


def parse_duration(text: str) -> float:
    """Seconds of a duration such as 30s, 10m, 4h, 7d, or 1h30m. Raises UsageError."""
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))
    if (not _DURATION.fullmatch(text) and _DURATION.sub("", text)) or not 0 < seconds <= MAXIMUM_SECONDS:
        raise UsageError(f"{text[:60]!r} is no duration", "write one like 30s, 10m, 4h, 7d or 1h30m")
    return float(seconds)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAXIMUM_TEXT or not value.isprintable():
        raise MalformedError("list entry", f"texts are printable and have at most {MAXIMUM_TEXT} characters")
    return value


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < LAST_TIME:
        raise MalformedError("list entry", "created and expires are seconds since the epoch")
    return float(value)
