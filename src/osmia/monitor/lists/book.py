"""The rules in force: what stands in the kernel's tries, in the list file and on the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import osmia
from osmia.errors import OsmiaError, UsageError
from osmia.monitor import kernel
from osmia.monitor.addresses import prefix_for_kernel
from osmia.monitor.host import Protected
from osmia.monitor.lists.guards import check_block
from osmia.monitor.lists.rules import Rule
from osmia.monitor.lists.store import MAXIMUM_RULES, save_rules
from osmia.monitor.model import Network, RuleAction, RuleState, TrafficCount
from osmia.monitor.records import RuleHits

__all__ = ["RuleBook"]


class RuleBook:
    """All rules of a running monitor. Thread-safe.

    `protected` gives the addresses that are not blocked without force, asked at each addition;
    `path` is the list file, None where rules end with the monitor.
    """

    def __init__(
        self, bpf: osmia.Bpf, protected: Callable[[], Iterable[Protected]], path: Path | None = None
    ) -> None:
        self._bpf = bpf
        self._protected = protected
        self._path = path
        self._lock = threading.Lock()
        self._rules: dict[tuple[RuleAction, Network], tuple[int, Rule]] = {}
        self._last_id = 0
        self._suspended: list[Rule] = []

    def restore(self, rules: Iterable[Rule]) -> list[str]:
        """Put the rules of the list file in force; the reasons of those refused, which stay in the file."""
        protected = tuple(self._protected())
        refused: list[str] = []
        with self._lock:
            for rule in rules:
                try:
                    if rule.action is RuleAction.BLOCK:
                        check_block(rule.network, protected, force=rule.forced)
                    if (rule.action, rule.network) not in self._rules:
                        self._insert(rule)
                except OsmiaError as error:
                    self._suspended.append(rule)
                    refused.append(str(error))
        return refused

    def add(self, rule: Rule) -> bool:
        """Put a rule in force, at once; False where it replaces one for the same network.

        Raises UsageError where a guard refuses it or the list is full, MapFullError, and OSError
        where it is in force but could not be written to the list file.
        """
        if rule.action is RuleAction.BLOCK:
            check_block(rule.network, self._protected(), force=rule.forced)
        with self._lock:
            known = self._rules.get((rule.action, rule.network))
            if known is None and len(self._rules) >= MAXIMUM_RULES:
                raise UsageError(f"the lists are full: {MAXIMUM_RULES} rules", "remove some with `block del`")
            if known is not None:
                self._rules[rule.action, rule.network] = known[0], rule
            else:
                self._insert(rule)
            self._save()
            return known is None

    def remove(self, action: RuleAction, network: Network) -> bool:
        """Take a rule out of force; False where there is none for exactly this network. Raises OSError."""
        with self._lock:
            known = self._remove(action, network)
            if known:
                self._save()
            return known

    def expire(self, now: float) -> list[Rule]:
        """Take out the rules whose time is over, and give them. Raises OSError."""
        with self._lock:
            over = [
                rule for _, rule in self._rules.values() if rule.expires is not None and rule.expires <= now
            ]
            for rule in over:
                self._remove(rule.action, rule.network)
            if over:
                self._save()
            return over

    def states(self, before: Iterable[RuleState] = (), seconds: float = 0.0) -> tuple[RuleState, ...]:
        """All rules with what they dropped, with rates since an earlier reading."""
        earlier = {(state.action, state.network): state.dropped for state in before}
        with self._lock:
            return tuple(
                self._state(number, rule).with_rates(earlier.get((rule.action, rule.network)), seconds)
                for number, rule in self._rules.values()
            )

    def _state(self, number: int, rule: Rule) -> RuleState:
        packets = frame_bytes = 0
        if rule.action is RuleAction.BLOCK:
            hits = self._bpf[kernel.rule_hits].get(osmia.u32(number))
            for value in hits or ():
                packets += int(value.packets)
                frame_bytes += int(value.bytes)
        dropped = TrafficCount(packets, frame_bytes)
        return RuleState(
            rule.network, rule.action, rule.reason, rule.origin, rule.created, rule.expires, dropped
        )

    def _insert(self, rule: Rule) -> None:
        """The rule's counters first, so that no hit goes uncounted."""
        self._last_id += 1
        number = osmia.u32(self._last_id)
        key = prefix_for_kernel(rule.network)
        if rule.action is RuleAction.BLOCK:
            hits = self._bpf[kernel.rule_hits]
            zero = RuleHits(packets=osmia.u64(0), bytes=osmia.u64(0))
            hits[number] = [zero] * len(self._bpf[kernel.totals][0])
            try:
                self._bpf[kernel.blocked][key] = number
            except BaseException:
                del hits[number]
                raise
        else:
            self._bpf[kernel.allowed][key] = number
        self._rules[rule.action, rule.network] = self._last_id, rule

    def _remove(self, action: RuleAction, network: Network) -> bool:
        known = self._rules.pop((action, network), None)
        if known is None:
            return False
        key = prefix_for_kernel(network)
        if action is RuleAction.BLOCK:
            del self._bpf[kernel.blocked][key]
            del self._bpf[kernel.rule_hits][osmia.u32(known[0])]
        else:
            del self._bpf[kernel.allowed][key]
        return True

    def _save(self) -> None:
        if self._path is not None:
            save_rules(self._path, [*(rule for _, rule in self._rules.values()), *self._suspended])
