"""Blocking by itself: off unless configured, and never on evidence that anyone could have forged."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from osmia.errors import OsmiaError
from osmia.monitor.detect.alert import Alert
from osmia.monitor.lists.matching import verdict_of
from osmia.monitor.lists.rules import MAXIMUM_TEXT, Rule
from osmia.monitor.model import Address, RuleAction, Snapshot, network_of

__all__ = ["AUTOMATIC_ORIGIN", "AutomaticBlocker", "BlockingLimits"]

AUTOMATIC_ORIGIN = "automatic"
REMEMBERED = 4096

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class BlockingLimits:
    """When and for how long addresses are blocked without being asked for."""

    enabled: bool = False
    lifetime: float = 4 * 3600.0
    """Seconds of the first block of an address; doubled at each further one."""
    maximum_lifetime: float = 7 * 86_400.0
    maximum_entries: int = 1000
    """At most so many automatic rules at a time."""
    handshakes: int = 5
    """Distinct (address, port) to which a source must have had a connection, since the scan began."""


class AutomaticBlocker:
    """Adds block rules for the sources of alerts; `subscriber` takes each snapshot.

    A bare SYN, an odd packet or a datagram proves nothing: its source may be a decoy (nmap -D). What
    proves a source are connections that it opened and this machine answered with data or closed,
    to as many targets as `BlockingLimits.handshakes` says, or an alert whose evidence cannot be forged.
    Connections of the ports `own_ports` are taken as opened by this machine. The guards of `block add`
    hold, without force; an address of the allow list is never blocked.
    """

    def __init__(
        self,
        limits: BlockingLimits,
        add: Callable[[Rule], object],
        rules: Callable[[], tuple[Rule, ...]],
        notice: Callable[[str], None],
        own_ports: range,
    ) -> None:
        self.limits = limits
        self._add = add
        self._rules = rules
        self._notice = notice
        self._own_ports = own_ports
        self._judged: OrderedDict[int, None] = OrderedDict()
        self._blocks: OrderedDict[Address, int] = OrderedDict()

    def subscriber(self, snapshot: Snapshot, _: tuple[Alert, ...]) -> None:
        """Block what a snapshot proves."""
        if not self.limits.enabled:
            return
        for alert in snapshot.alerts:
            if alert.active and alert.number not in self._judged and self._is_proven(alert, snapshot):
                _remember(self._judged, alert.number, None)
                self._block(alert, snapshot.taken)

    def _is_proven(self, alert: Alert, snapshot: Snapshot) -> bool:
        if not alert.forgeable:
            return True
        reached = {
            (connection.local, connection.local_port)
            for connection in snapshot.connections
            if connection.proven
            and connection.remote == alert.source
            and connection.local_port not in self._own_ports
            and connection.first_seen_ns >= alert.first_seen_ns
        }
        return len(reached) >= self.limits.handshakes

    def _block(self, alert: Alert, now: float) -> None:
        rules = self._rules()
        verdict = verdict_of(alert.source, rules, now)
        if verdict.blocking is not None or verdict.allowing is not None:
            return
        if sum(rule.origin == AUTOMATIC_ORIGIN for rule in rules) >= self.limits.maximum_entries:
            self._notice(
                f"no more is blocked by itself: {self.limits.maximum_entries} automatic rules are in force"
            )
            return
        repeat = self._blocks.get(alert.source, 0)
        lifetime = min(self.limits.lifetime * 2 ** min(repeat, 32), self.limits.maximum_lifetime)
        rule = Rule(
            network_of(alert.source),
            RuleAction.BLOCK,
            alert.reason[:MAXIMUM_TEXT],
            AUTOMATIC_ORIGIN,
            now,
            now + lifetime,
        )
        try:
            self._add(rule)
        except OsmiaError as error:
            self._notice(f"not blocked by itself: {error}")
        else:
            _remember(self._blocks, alert.source, repeat + 1)


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    """Keep the newest entries only."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
