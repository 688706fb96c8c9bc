"""Which rules an address meets: the longest network of each list; the allow list wins, as in the kernel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from osmia.monitor.addresses import prefix_for_kernel
from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import Address, RuleAction, network_of

__all__ = ["Verdict", "verdict_of"]

ADDRESS_BITS = 128


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to the packets of one address, and why."""

    address: Address
    blocking: Rule | None
    """The most specific block rule that holds the address."""
    allowing: Rule | None
    """The most specific allow rule; it wins over any block rule."""

    @property
    def blocked(self) -> bool:
        """Whether its packets are dropped."""
        return self.blocking is not None and self.allowing is None

    def answers(self, action: RuleAction) -> bool:
        """Whether `block test` or `allow test` says yes."""
        return self.blocked if action is RuleAction.BLOCK else self.allowing is not None

    @property
    def text(self) -> str:
        """In words."""
        if self.blocking is None and self.allowing is None:
            return f"{self.address} is in no list: its packets pass"
        if self.allowing is None:
            assert self.blocking is not None
            return f"{self.address} is blocked by {_described(self.blocking)}"
        allowed = f"{self.address} is allowed by {_described(self.allowing)}"
        if self.blocking is None:
            return allowed
        return f"{allowed}, which wins over the block of {_described(self.blocking)}"

    def to_json(self) -> dict[str, object]:
        """Plain data, for the control socket and `--json`."""
        return {
            "address": str(self.address),
            "blocked": self.blocked,
            "blocking": None if self.blocking is None else self.blocking.to_json(),
            "allowing": None if self.allowing is None else self.allowing.to_json(),
        }

    @classmethod
    def from_json(cls, address: Address, data: dict[str, object]) -> Verdict:
        """The verdict that plain data stands for. Raises MalformedError."""
        blocking, allowing = data.get("blocking"), data.get("allowing")
        return cls(
            address,
            None if blocking is None else Rule.from_json(blocking),
            None if allowing is None else Rule.from_json(allowing),
        )


def verdict_of(address: Address, rules: Iterable[Rule], now: float) -> Verdict:
    """Look an address up in the rules that have not expired at `now` (seconds since the epoch)."""
    packed, _ = prefix_for_kernel(network_of(address))
    wanted = int.from_bytes(bytes(packed), "big")
    best: dict[RuleAction, tuple[int, Rule]] = {}
    for rule in rules:
        if rule.expires is not None and rule.expires <= now:
            continue
        if best.get(rule.action, (-1, rule))[0] >= _kernel_length(rule):
            continue
        key, length = prefix_for_kernel(rule.network)
        if int.from_bytes(bytes(key), "big") >> (ADDRESS_BITS - length) == wanted >> (ADDRESS_BITS - length):
            best[rule.action] = length, rule
    found = {action: rule for action, (_, rule) in best.items()}
    return Verdict(address, found.get(RuleAction.BLOCK), found.get(RuleAction.ALLOW))


def _kernel_length(rule: Rule) -> int:
    return rule.network.prefixlen + (96 if rule.network.version == 4 else 0)


def _described(rule: Rule) -> str:
    why = f"{rule.reason}; " if rule.reason else ""
    return f"{rule.network} ({why}{rule.origin})"
