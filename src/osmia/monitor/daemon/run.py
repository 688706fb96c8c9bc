"""`osmia monitor run`: attach, give up rights, write events, answer Prometheus, reload on SIGHUP."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import osmia
from osmia.errors import NotSupportedError, OsmiaError
from osmia.monitor import kernel
from osmia.monitor.configuration import Configuration, settings
from osmia.monitor.control import control_socket_path
from osmia.monitor.daemon.events import EventFile
from osmia.monitor.daemon.notify import Notifier
from osmia.monitor.daemon.privileges import MonitorCapability, keep_what_is_needed
from osmia.monitor.detect.alert import Alert
from osmia.monitor.export.json_lines import EventWriter, Schema
from osmia.monitor.model import InterfaceMode, Snapshot
from osmia.monitor.records import RuleHits
from osmia.monitor.service import Service
from osmia.monitor.sessions import choose_interfaces, live_session

__all__ = ["Daemon"]

LOOK_SECONDS = 0.2
"""How soon a signal or the end of the collector is seen."""

PATIENCE_SECONDS = 15.0


class Daemon:
    """The monitor without a screen, until it is told to end.

    `configuration` reads the configuration, at the start and at each SIGHUP.
    """

    def __init__(
        self, configuration: Callable[[], Configuration], list_file: Path, notifier: Notifier | None = None
    ) -> None:
        self._read_configuration = configuration
        self._list_file = list_file
        self._notifier = notifier or Notifier()
        self._hangup = threading.Event()
        self._finished = threading.Event()
        self._told: set[str] = set()
        self._pulse = _Pulse()

    def run(self) -> int:
        """Run until SIGINT, SIGTERM, or an error; the exit code.

        Raises what `live_session` and `load_configuration` raise, UsageError for the metrics' port
        and OSError for the file of events.
        """
        with _on_hangup(self._hangup), ExitStack() as stack:
            configuration = self._read_configuration()
            mode = configuration[settings.MODE]
            wanted = configuration[settings.INTERFACES]
            names = choose_interfaces(wanted)
            events = EventFile(configuration[settings.EVENTS])
            stack.callback(events.close)
            service = stack.enter_context(
                live_session(
                    names,
                    mode=None if mode == "auto" else InterfaceMode(mode),
                    control=control_socket_path(configuration[settings.CONTROL] or None),
                    list_file=self._list_file,
                    configuration=configuration,
                    keep_history=True,
                    attached=self._give_up_rights,
                )
            )
            writer = _Writer(service, events, configuration, self._finished)
            service.subscribe(writer.subscriber)
            service.subscribe(self._pulse.subscriber)
            _serve_metrics(stack, configuration, service, events)
            self._pulse.longest = max(PATIENCE_SECONDS, 3 * configuration[settings.INTERVAL])
            service.start(configuration[settings.INTERVAL])
            stack.callback(self._notifier.stopping)
            status = f"watching {', '.join(names)}"
            self._notifier.ready(status)
            try:
                self._wait(service, writer, events, status)
            except KeyboardInterrupt:
                return 0
        return 0

    def _wait(self, service: Service, writer: _Writer, events: EventFile, status: str) -> None:
        while not service.ended and not self._finished.wait(LOOK_SECONDS):
            if self._pulse.due():
                self._notifier.alive()
            if service.latest is not None:
                for notice in service.latest.notices:
                    self._say_once(notice)
            if self._hangup.is_set():
                self._hangup.clear()
                self._notifier.reloading()
                events.reopen()
                self._reload(service, writer)
                self._notifier.ready(status)
        service.stop()
        service.join()

    def _reload(self, service: Service, writer: _Writer) -> None:
        """A configuration that is no good changes nothing."""
        try:
            configuration = self._read_configuration()
        except (OsmiaError, OSError) as error:
            _say(f"the configuration stays as it was: {error}")
            return
        writer.stats_interval = configuration[settings.STATS_INTERVAL]
        for told in service.reconfigure(configuration):
            _say(told)
        _say("the configuration was read anew")

    def _give_up_rights(self, bpf: osmia.Bpf) -> None:
        # A processor that comes online gets a perf buffer of its own, and that needs CAP_PERFMON.
        kept = keep_what_is_needed(lambda: _use_maps(bpf), [MonitorCapability.CAP_PERFMON])
        names = ", ".join(sorted(capability.name for capability in kept))
        _say(f"capabilities kept: {names or 'none'}")

    def _say_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            _say(text)


class _Pulse:
    """Whether snapshots are still made, told at most once a second."""

    def __init__(self) -> None:
        self.longest = PATIENCE_SECONDS
        """Seconds without a snapshot after which something is wrong."""
        self._last_snapshot = time.monotonic()
        self._last_told = 0.0

    def subscriber(self, _snapshot: Snapshot, _fresh_alerts: tuple[Alert, ...]) -> None:
        """Remember that there was one."""
        self._last_snapshot = time.monotonic()

    def due(self) -> bool:
        """Whether to say so now."""
        now = time.monotonic()
        if now - self._last_snapshot > self.longest or now - self._last_told < 1.0:
            return False
        self._last_told = now
        return True


class _Writer:
    """Writes the events of each snapshot; `subscriber` is called in the collector's thread."""

    def __init__(
        self, service: Service, events: EventFile, configuration: Configuration, finished: threading.Event
    ) -> None:
        self.stats_interval = configuration[settings.STATS_INTERVAL]
        self._service = service
        self._events = events
        self._finished = finished
        self._lines = EventWriter(Schema(configuration[settings.SCHEMA]))
        self._last_stats = float("-inf")

    def subscriber(self, snapshot: Snapshot, fresh_alerts: tuple[Alert, ...]) -> None:
        """Write; a reader that goes away ends the service quietly."""
        due = snapshot.clock_ns / 1e9 - self._last_stats >= self.stats_interval > 0
        if due:
            self._last_stats = snapshot.clock_ns / 1e9
        try:
            self._events.write(self._lines.lines(snapshot, fresh_alerts, with_stats=due))
        except BrokenPipeError:
            self._finished.set()
        if self._events.lost:
            self._service.notice("events were lost: the file cannot be written")


def _use_maps(bpf: osmia.Bpf) -> None:
    """What reading the numbers and keeping the lists do to maps, on a rule that there never is."""
    hits = bpf[kernel.rule_hits]
    rule = osmia.u32(0)
    hits[rule] = [RuleHits(packets=osmia.u64(0), bytes=osmia.u64(0))] * len(bpf[kernel.totals][0])
    for _ in hits.items():
        pass
    del hits[rule]


def _serve_metrics(
    stack: ExitStack, configuration: Configuration, service: Service, events: EventFile
) -> None:
    listen = configuration[settings.METRICS]
    if not listen:
        return
    try:
        from osmia.monitor.export.metrics import MonitorMetrics, metrics_server  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise NotSupportedError(
            "metrics", f"the package {error.name}: pip install 'osmia[monitor]'"
        ) from None
    metrics = MonitorMetrics(lambda: events.lost)
    service.subscribe(metrics.subscriber)
    stack.enter_context(metrics_server(listen, metrics))


@contextmanager
def _on_hangup(event: threading.Event) -> Generator[None, None, None]:
    """Have SIGHUP set an event, from before the start on: it must not end the service."""

    def remember(_number: int, _frame: FrameType | None) -> None:
        event.set()

    before = signal.signal(signal.SIGHUP, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _say(text: str) -> None:
    print(f"osmia: {text}", file=sys.stderr, flush=True)
