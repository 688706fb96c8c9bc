"""The rules in force: what stands in the kernel's tries, in the list file and on the screen."""

from __future__ import annotations

import contextlib
import struct
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, SupportsBytes, TypeVar, cast, runtime_checkable

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

__all__ = ["Imported", "RuleBook"]

K = TypeVar("K")
V = TypeVar("V")
K_contra = TypeVar("K_contra", contravariant=True)
V_contra = TypeVar("V_contra", contravariant=True)
RuleKey = tuple[RuleAction, Network]

HITS = struct.Struct("=QQ")
NO_HITS = bytes(HITS.size)


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of many rules."""

    added: int = 0
    replaced: int = 0
    removed: int = 0
    refused: tuple[str, ...] = ()
    """Why a guard refused some of them."""


@runtime_checkable
class _TakesMany(Protocol):
    """A map that takes many entries with one system call."""

    def update_many(self, entries: Mapping[object, object], /) -> None: ...


class _Settable(Protocol[K_contra, V_contra]):
    """Any map whose entries user space sets."""

    def __setitem__(self, key: K_contra, value: V_contra, /) -> None: ...


class RuleBook:
    """All rules of a running monitor. Thread-safe.

    `protected` gives the addresses that are not blocked without force, asked at each addition;
    `path` is the list file, None where rules end with the monitor.
    """

    def __init__(
        self, bpf: osmia.Bpf, protected: Callable[[], Iterable[Protected]], path: Path | None = None
    ) -> None:
        self._bpf = bpf
        self.protected = protected
        """The addresses that are not blocked without force, at present."""
        self._path = path
        self._lock = threading.Lock()
        self._rules: dict[RuleKey, tuple[int, Rule]] = {}
        self._last_id = 0
        self._suspended: list[Rule] = []
        self._hits: dict[int, tuple[int, int]] = {}
        self._dropped = -1
        self._settled = False

    def restore(self, rules: Iterable[Rule]) -> list[str]:
        """Put the rules of the list file in force; the reasons of those refused, which stay in the file."""
        protected = tuple(self.protected())
        accepted: dict[RuleKey, Rule] = {}
        refused: list[str] = []
        with self._lock:
            for rule in rules:
                try:
                    _check(rule, protected)
                except OsmiaError as error:
                    self._suspended.append(rule)
                    refused.append(str(error))
                else:
                    accepted.setdefault((rule.action, rule.network), rule)
            self._insert([rule for key, rule in accepted.items() if key not in self._rules])
        return refused

    def add(self, rule: Rule) -> bool:
        """Put a rule in force, at once; False where it replaces one for the same network.

        Raises UsageError where a guard refuses it or the list is full, MapFullError, and OSError
        where it is in force but could not be written to the list file.
        """
        return self.add_many([rule]).added == 1

    def add_many(self, rules: Iterable[Rule], *, skip_refused: bool = False) -> Imported:
        """Put many rules in force, all of them or none.

        `skip_refused` leaves out those that a guard refuses. Raises as `add` does.
        """
        protected = tuple(self.protected())
        accepted: dict[RuleKey, Rule] = {}
        refused: list[str] = []
        for rule in rules:
            try:
                _check(rule, protected)
            except UsageError as error:
                if not skip_refused:
                    raise
                refused.append(str(error))
            else:
                accepted[rule.action, rule.network] = rule
        with self._lock:
            fresh = [rule for key, rule in accepted.items() if key not in self._rules]
            if len(self._rules) + len(fresh) > MAXIMUM_RULES:
                raise UsageError(
                    f"the lists are full: there is room for {MAXIMUM_RULES} rules, "
                    f"{len(self._rules)} are in force and {len(fresh)} would come",
                    "remove some with `block del`",
                )
            self._insert(fresh)
            for key, rule in accepted.items():
                self._rules[key] = self._rules[key][0], rule
            if accepted:
                self._save()
        return Imported(len(fresh), len(accepted) - len(fresh), 0, tuple(refused))

    def sync(self, action: RuleAction, origin: str, rules: Sequence[Rule]) -> Imported:
        """Make these the rules of an action and origin: new ones come, others go. Other origins' rules stay.

        Those that a guard refuses are left out. Raises UsageError where the lists are full, MapFullError.
        """
        wanted = {rule.network for rule in rules}
        with self._lock:
            over = [
                rule.network
                for _, rule in self._rules.values()
                if (rule.action, rule.origin) == (action, origin) and rule.network not in wanted
            ]
            for network in over:
                self._remove(action, network)
            new = [rule for rule in rules if (rule.action, rule.network) not in self._rules]
        done = self.add_many(new, skip_refused=True)
        return Imported(done.added, done.replaced, len(over), done.refused)

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

    def rules(self) -> tuple[Rule, ...]:
        """All rules in force."""
        with self._lock:
            return tuple(rule for _, rule in self._rules.values())

    def states(self, before: Iterable[RuleState] = (), seconds: float = 0.0) -> tuple[RuleState, ...]:
        """All rules with what they dropped, with rates since an earlier reading."""
        earlier = {(state.action, state.network): state for state in before}
        with self._lock:
            self._read_hits()
            return tuple(
                _state(rule, self._hits.get(number, (0, 0)), earlier.get(key), seconds)
                for key, (number, rule) in self._rules.items()
            )

    def _read_hits(self) -> None:
        """Read what the rules dropped, unless nothing was dropped since: there may be 131,072 of them.

        A frame is counted in the totals before it is for its rule, so the first reading after a
        drop is followed by a second one.
        """
        totals = self._bpf[kernel.totals]
        dropped = sum(int(value.dropped_packets) for values in totals.values() for value in values)
        if dropped == self._dropped and self._settled:
            return
        self._settled = dropped == self._dropped
        self._dropped = dropped
        self._hits = {}
        for number, values in self._bpf[kernel.rule_hits].items():
            contents = [bytes(cast("SupportsBytes", value)) for value in values]
            pairs = [HITS.unpack(content) for content in contents if content != NO_HITS]
            if pairs:
                self._hits[int(number)] = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)

    def _insert(self, rules: Sequence[Rule]) -> None:
        """The rules' counters first, so that no hit goes uncounted; after an error none is in force."""
        numbered = dict(enumerate(rules, self._last_id + 1))
        blocks = {number: rule for number, rule in numbered.items() if rule.action is RuleAction.BLOCK}
        zero = [RuleHits(packets=osmia.u64(0), bytes=osmia.u64(0))] * len(self._bpf[kernel.totals][0])
        tries = {RuleAction.BLOCK: self._bpf[kernel.blocked], RuleAction.ALLOW: self._bpf[kernel.allowed]}
        try:
            _put_all(self._bpf[kernel.rule_hits], {osmia.u32(number): zero for number in blocks})
            for action, trie in tries.items():
                _put_all(
                    trie,
                    {
                        prefix_for_kernel(rule.network): osmia.u32(number)
                        for number, rule in numbered.items()
                        if rule.action is action
                    },
                )
        except BaseException:
            for number, rule in numbered.items():
                with contextlib.suppress(KeyError):
                    del tries[rule.action][prefix_for_kernel(rule.network)]
                with contextlib.suppress(KeyError):
                    del self._bpf[kernel.rule_hits][osmia.u32(number)]
            raise
        self._last_id += len(numbered)
        self._rules.update({(rule.action, rule.network): (n, rule) for n, rule in numbered.items()})

    def _remove(self, action: RuleAction, network: Network) -> bool:
        known = self._rules.pop((action, network), None)
        if known is None:
            return False
        key = prefix_for_kernel(network)
        if action is RuleAction.BLOCK:
            del self._bpf[kernel.blocked][key]
            del self._bpf[kernel.rule_hits][osmia.u32(known[0])]
            self._hits.pop(known[0], None)
        else:
            del self._bpf[kernel.allowed][key]
        return True

    def _save(self) -> None:
        if self._path is not None:
            stored = [rule for _, rule in self._rules.values() if rule.stored]
            save_rules(self._path, [*stored, *self._suspended])


def _check(rule: Rule, protected: Iterable[Protected]) -> None:
    if rule.action is RuleAction.BLOCK:
        check_block(rule.network, protected, force=rule.forced)


def _put_all(entries: _Settable[K, V], content: Mapping[K, V]) -> None:
    """Set many entries, at once where the map can."""
    if isinstance(entries, _TakesMany):
        entries.update_many(cast("Mapping[object, object]", content))
        return
    for key, value in content.items():
        entries[key] = value


def _state(rule: Rule, hits: tuple[int, int], was: RuleState | None, seconds: float) -> RuleState:
    """A rule as it is shown; the one before, where nothing has changed."""
    dropped = TrafficCount(*hits)
    if (
        was is not None
        and was.dropped == dropped
        and was.created == rule.created
        and was.origin == rule.origin
    ):
        return was
    rates = dropped.since(None if was is None else was.dropped, seconds)
    return RuleState(rule.network, rule.action, rule.reason, rule.origin, rule.created, rule.expires, rates)
