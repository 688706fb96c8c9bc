"""The running monitor: collects, detects, keeps the lists, answers the control socket. Needs no screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from osmia.errors import MalformedError, OsmiaError, UsageError
from osmia.monitor.addresses import address_from_text
from osmia.monitor.collector import Collector
from osmia.monitor.configuration import Configuration
from osmia.monitor.detect.alert import Alert
from osmia.monitor.export.snapshot import rule_to_json, snapshot_to_json
from osmia.monitor.feed import Feed
from osmia.monitor.lists.book import RuleBook
from osmia.monitor.lists.bulk import ListImport, import_text
from osmia.monitor.lists.matching import verdict_of
from osmia.monitor.lists.preview import Preview, preview_of
from osmia.monitor.lists.rules import Rule, parse_network
from osmia.monitor.model import Network, RuleAction, RuleState, Snapshot
from osmia.monitor.policy import Policy

__all__ = ["Service", "Subscriber"]

MAXIMUM_ROWS = 100_000

Subscriber = Callable[[Snapshot, tuple[Alert, ...]], None]
"""Called in the collector's thread with each snapshot and the alerts that it raised."""


class Service:
    """One monitor. `step` makes one snapshot; `start` does so at each interval, in a thread of its own."""

    def __init__(
        self,
        collector: Collector,
        book: RuleBook,
        feed: Feed,
        stopping: threading.Event,
        notices: list[str],
    ) -> None:
        self.book = book
        self.policy: Policy | None = None
        """What the configuration says; None where there is none, as over a capture."""
        self.history: Path | None = None
        """The file that it records to; None where it does not."""
        self._collector = collector
        self._feed = feed
        self._stopping = stopping
        self._notices = notices
        self._subscribers: list[Subscriber] = []
        self.before_steps: list[Callable[[], None]] = []
        """Called before each snapshot, in the collector's thread."""
        self._thread: threading.Thread | None = None
        self._latest: Snapshot | None = None
        self._ready = threading.Condition()
        self.alerts_only = False
        """Make snapshots only where there is an alert, and at the end: for captures without a screen."""
        self.failure: BaseException | None = None
        """What ended the collector's thread, where it was an error."""

    @property
    def latest(self) -> Snapshot | None:
        """The last snapshot; a new one replaces it, none is queued."""
        return self._latest

    @property
    def ended(self) -> bool:
        """Whether the packets are at their end, or the monitor was stopped."""
        return self._stopping.is_set()

    def wall_clock(self) -> float:
        """Seconds since the epoch, by the clock that rules expire by."""
        return self._feed.wall_clock()

    def clock_ns(self) -> int:
        """The monitor's clock."""
        return self._feed.clock_ns()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Have each snapshot given to a function, which must be quick."""
        self._subscribers.append(subscriber)

    def step(self) -> Snapshot:
        """Collect now."""
        clock_ns, taken = self._feed.clock_ns(), self._feed.wall_clock()
        before = self._latest
        for refresh in self.before_steps:
            refresh()
        self._expire(taken)
        seconds = 0.0 if before is None else (clock_ns - before.clock_ns) / 1e9
        rules = self.book.states(() if before is None else before.rules, seconds)
        snapshot = self._collector.collect(clock_ns, taken, rules, tuple(self._notices))
        self.publish(snapshot, tuple(self._collector.fresh_alerts))
        return snapshot

    def publish(self, snapshot: Snapshot, fresh_alerts: tuple[Alert, ...] = ()) -> None:
        """Make a snapshot the latest one, and give it to the subscribers."""
        with self._ready:
            self._latest = snapshot
            self._ready.notify_all()
        for subscriber in self._subscribers:
            subscriber(snapshot, fresh_alerts)

    def run(self, interval: float) -> None:
        """Make a snapshot at each interval (seconds) until stopped, or until the packets end."""
        self.step()
        more = True
        while more and not self._stopping.is_set():
            more = self._feed.advance(interval)
            raised = self.alerts_only and self._collector.detect(self._feed.clock_ns())
            if not more:
                self._collector.detect(self._feed.clock_ns(), all_cells=True)
            if raised or not more or not self.alerts_only:
                self.step()

    def start(self, interval: float) -> None:
        """`run` in a thread of its own."""
        self._thread = threading.Thread(target=self._run_guarded, args=(interval,), name="osmia-collector")
        self._thread.start()

    def wait(self, number: int, timeout: float) -> Snapshot | None:
        """The first snapshot from this number on, or None after `timeout` seconds or at the end."""
        with self._ready:
            self._ready.wait_for(lambda: self._has(number) or self.failure is not None, timeout)
            return self._latest if self._has(number) else None

    def join(self) -> None:
        """Wait until the collector's thread has ended. Raises what ended it."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.2)
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End the collector's thread; no error where that was done before."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def add_rule(self, rule: Rule) -> str:
        """Put a rule in force, and say what was done in words. Raises UsageError, MapFullError."""
        verb = "blocks" if rule.action is RuleAction.BLOCK else "allows"
        try:
            fresh = self.book.add(rule)
        except OsmiaError:
            raise
        except OSError as error:
            return f"{verb} {rule.network} until the monitor ends; the list file cannot be written: {error}"
        return (
            f"{verb} {rule.network} from now on"
            if fresh
            else f"{rule.network} had a rule, which was replaced"
        )

    def import_rules(self, given: ListImport) -> str:
        """Put all entries of a list in force, or none; what was done, in words. Raises as `add_rule` does."""
        try:
            done = self.book.add_many(given.rules(self.wall_clock()), skip_refused=given.skip_refused)
        except OsmiaError:
            raise
        except OSError as error:
            return f"in force until the monitor ends; the list file cannot be written: {error}"
        return import_text(given.action, done)

    def remove_rule(self, action: RuleAction, network: Network) -> str:
        """Take a rule out of force, and say what was done in words. Raises UsageError."""
        try:
            found = self.book.remove(action, network)
        except OSError as error:
            return f"{network} has no {action.value} rule any more; the list file cannot be written: {error}"
        if not found:
            raise UsageError(
                f"there is no {action.value} rule for exactly {network}", f"see `{action.value} list`"
            )
        return f"{network} has no {action.value} rule any more"

    def answer(self, request: Mapping[str, object]) -> dict[str, object]:
        """Answer a request of the control socket. Raises UsageError, MalformedError, MapFullError."""
        command = request.get("command")
        if command == "import":
            return {"message": self.import_rules(ListImport.from_json(request.get("import")))}
        if command == "test":
            return {"verdict": self._verdict(str(request.get("address")))}
        if command == "preview":
            network = parse_network(str(request.get("network")))
            return {"preview": self.preview(network).to_json()}
        if command == "top":
            limit = request.get("limit")
            rows = limit if isinstance(limit, int) and 0 <= limit <= MAXIMUM_ROWS else MAXIMUM_ROWS
            return {"snapshot": snapshot_to_json(self._present(), rows)}
        if command == "list":
            return {"rules": [rule_to_json(state) for state in self._states()]}
        if command == "add":
            return {"message": self.add_rule(Rule.from_json(request.get("rule")))}
        if command == "del":
            try:
                action = RuleAction(request.get("action"))
            except ValueError:
                raise MalformedError("request", "action is block or allow") from None
            return {"message": self.remove_rule(action, parse_network(str(request.get("network"))))}
        raise UsageError(
            f"unknown command {str(command)[:60]!r}",
            "commands are top, list, add, del, import, test and preview",
        )

    def preview(self, network: Network) -> Preview:
        """What blocking a network would have cut in the last hour. Raises UsageError before any snapshot."""
        return preview_of(network, self._present(), self.book.rules(), tuple(self.book.protected()))

    def _present(self) -> Snapshot:
        snapshot = self.wait(1, timeout=10.0) or self._latest
        if snapshot is None:
            raise UsageError("the monitor has no numbers yet", "ask again in a second")
        return snapshot

    def _verdict(self, text: str) -> dict[str, object]:
        try:
            address = address_from_text(text)
        except ValueError:
            raise MalformedError("request", "test takes one address") from None
        return verdict_of(address, self.book.rules(), self.wall_clock()).to_json()

    def reconfigure(self, configuration: Configuration) -> list[str]:
        """Take over a configuration while it runs; what was done, and what was not, in words."""
        if self.policy is None:
            return []
        return self.policy.apply(configuration, self.wall_clock())

    def _states(self) -> tuple[RuleState, ...]:
        return self.book.states()

    def _has(self, number: int) -> bool:
        return self._latest is not None and self._latest.number >= number

    def _expire(self, now: float) -> None:
        try:
            self.book.expire(now)
        except OSError as error:
            self.notice(f"the list file cannot be written: {error}")

    def notice(self, text: str) -> None:
        """Have the user told, once, with each snapshot from now on."""
        if text not in self._notices:
            self._notices.append(text)

    def _run_guarded(self, interval: float) -> None:
        try:
            self.run(interval)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that joins
            self.failure = error
        finally:
            self._stopping.set()
            with self._ready:
                self._ready.notify_all()
