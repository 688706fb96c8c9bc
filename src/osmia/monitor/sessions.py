"""Ways to have a monitor: live on interfaces, over a capture file, over a generated capture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import osmia
from osmia.errors import (
    KernelError,
    NotSupportedError,
    PermissionDeniedError,
    UnknownInterfaceError,
    UsageError,
)
from osmia.monitor import kernel
from osmia.monitor.collector import Collector, WatchedInterface
from osmia.monitor.configuration import Configuration, default_configuration, settings as keys
from osmia.monitor.contacts import ContactRecord
from osmia.monitor.control import ControlServer
from osmia.monitor.detect.detector import Detector
from osmia.monitor.feed import CapturedFrame, CaptureFeed, LiveFeed
from osmia.monitor.history import HistoryBounds, Recorder, history_file
from osmia.monitor.host import (
    Protected,
    default_interface,
    ephemeral_ports,
    interface_index,
    interface_names,
    link_counters,
    protected_addresses,
)
from osmia.monitor.interfaces import InterfaceFollower
from osmia.monitor.listeners import ListenerTable
from osmia.monitor.lists.automatic import AutomaticBlocker
from osmia.monitor.lists.book import RuleBook
from osmia.monitor.lists.store import load_rules
from osmia.monitor.model import InterfaceMode, LinkCounters, SourceOfPackets
from osmia.monitor.policy import Policy, blocking_limits, detection_thresholds, kernel_constants
from osmia.monitor.processes import watch_sockets
from osmia.monitor.service import Service

__all__ = ["Engine", "capture_session", "choose_interfaces", "live_session"]

CONTACTS = "first-contacts.json"
"""Beside the list file."""
LOOPBACK = 1
"""The interface that frames come from in BPF_PROG_TEST_RUN."""


class Engine(Enum):
    """Where the program runs that a capture goes through."""

    AUTOMATIC = "auto"
    KERNEL = "kernel"
    PYTHON = "python"


PROGRAMS = (kernel.monitor_ingress, kernel.monitor_egress)


def choose_interfaces(names: Sequence[str]) -> tuple[str, ...]:
    """The interfaces named, or that of the default route. Raises UnknownInterfaceError, UsageError."""
    known = interface_names()
    if not names:
        chosen = default_interface()
        if chosen is None:
            raise UsageError("there is no default route", f"name an interface: {', '.join(known)}")
        return (chosen,)
    slots: dict[int, str] = {}
    for name in dict.fromkeys(names):
        index = interface_index(name)
        if index is None:
            raise UnknownInterfaceError(name, known)
        other = slots.setdefault(index % kernel.INTERFACE_SLOTS, name)
        if other != name:
            raise UsageError(f"{name} and {other} cannot be watched by one monitor", "start a second one")
    return tuple(slots.values())


@contextmanager
def live_session(
    names: Sequence[str],
    *,
    mode: InterfaceMode | None = None,
    control: Path | None = None,
    list_file: Path | None = None,
    packets_from: SourceOfPackets = SourceOfPackets.LIVE,
    configuration: Configuration | None = None,
    attached: Callable[[osmia.Bpf], None] | None = None,
    keep_history: bool = False,
) -> Generator[Service, None, None]:
    """A monitor on interfaces, attached inside the `with` block and detached at its end.

    `mode` None takes native mode, and generic where the driver has none. `control` is the control
    socket, `list_file` the file of rules; None for none. Thresholds and lists are those of
    `configuration`. `attached` is called before any thread is started. `keep_history` writes the history
    where the configuration wants one. Raises PermissionDeniedError, NotSupportedError, AlreadyAttachedError,
    MalformedError for a list file, UsageError, OSError.
    """
    settings = configuration or default_configuration()
    stopping = threading.Event()
    notices: list[str] = []
    with ExitStack() as stack:
        constants = {**kernel_constants(settings), **_host_constants(names)}
        bpf = stack.enter_context(osmia.load(*PROGRAMS, constants=constants))
        book = RuleBook(bpf, _protected_addresses, list_file)
        if list_file is not None:
            notices += [f"not in force: {refused}" for refused in book.restore(load_rules(list_file))]
        detector = Detector(detection_thresholds(settings))
        collector = Collector(bpf, packets_from, link_counters, detector)
        service = Service(collector, book, LiveFeed(stopping.wait), stopping, notices)
        blocker = AutomaticBlocker(
            blocking_limits(settings), service.add_rule, book.rules, service.notice, ephemeral_ports()
        )
        if list_file is not None:
            record = ContactRecord(list_file.with_name(CONTACTS), detector.walks, service)
            service.subscribe(record.subscriber)
            stack.callback(record.save)
        listeners = ListenerTable(bpf)
        listeners.refresh()
        if listeners.failure is not None:
            notices.append(listeners.failure)
        service.before_steps.append(listeners.refresh)
        service.policy = Policy(settings, detector, book, blocker)
        notices += service.policy.start(service.wall_clock())
        service.subscribe(blocker.subscriber)
        collector.sockets = stack.enter_context(watch_sockets(service.notice))
        for name in names:
            collector.add_interface(_attach(stack, bpf, name, mode, notices))
        follower = InterfaceFollower(
            collector, lambda name: _attach(stack, bpf, name, mode, notices), service.notice
        )
        service.before_steps.append(follower.refresh)
        if attached is not None:
            attached(bpf)
        if control is not None:
            stack.callback(ControlServer(control, service.answer).close)
        if keep_history and settings[keys.RECORD]:
            recorder = _recorder(settings, service)
            service.subscribe(recorder.subscriber)
            service.history = recorder.path
            recorder.start()
            stack.callback(recorder.close)
        stack.callback(service.stop)
        yield service


def _recorder(configuration: Configuration, service: Service) -> Recorder:
    path = configuration[keys.HISTORY_PATH]
    bounds = HistoryBounds(configuration[keys.HISTORY_SIZE] * 1024 * 1024, configuration[keys.HISTORY_AGE])
    return Recorder(Path(path) if path else history_file(), service.notice, bounds)


@contextmanager
def capture_session(
    frames: Iterable[CapturedFrame],
    name: str,
    packets_from: SourceOfPackets,
    *,
    paced: bool,
    notice: str = "",
    engine: Engine = Engine.AUTOMATIC,
) -> Generator[Service, None, None]:
    """A monitor over a capture. `paced` runs it at the capture's speed.

    `engine` says where its program runs: in the kernel, which takes the rights to load it, or as plain
    Python. AUTOMATIC takes the kernel where that is permitted.
    """
    stopping = threading.Event()
    bpf = _capture_programs(engine)
    with bpf:
        mode = InterfaceMode.SIMULATED if isinstance(bpf, osmia.SimulatedBpf) else InterfaceMode.CAPTURE
        interface = WatchedInterface(name, LOOPBACK, mode)
        collector = Collector(bpf, packets_from, _no_counters)
        collector.add_interface(interface)
        book = RuleBook(bpf, tuple[Protected, ...], None)
        feed = CaptureFeed(bpf, frames, stopping.wait if paced else None)
        service = Service(collector, book, feed, stopping, [notice] if notice else [])
        try:
            yield service
        finally:
            service.stop()


@osmia.classifier
def lets_pass(ctx: osmia.TcContext) -> osmia.TcAction:
    """Tries whether there is a hook for what goes out."""
    return osmia.TcAction.NEXT


def _host_constants(names: Sequence[str]) -> dict[osmia.Constant[Any], osmia.u16 | bool]:
    """What the kernel programs must know of this machine before they are loaded."""
    sees_answers = True
    with osmia.load(lets_pass) as tried:
        for name in names:
            try:
                tried[lets_pass].attach(name, osmia.Direction.EGRESS).detach()
            except NotSupportedError:
                sees_answers = False
    return {
        kernel.SEES_ANSWERS: sees_answers,
        kernel.EPHEMERAL_PORTS: osmia.u16(ephemeral_ports().start),
    }


def _capture_programs(engine: Engine) -> osmia.Bpf:
    """The program that captures are run through, with all of its maps."""
    if engine is not Engine.PYTHON:
        try:
            return osmia.load(kernel.monitor_capture)
        except (PermissionDeniedError, NotSupportedError):
            if engine is Engine.KERNEL:
                raise
    return osmia.simulate(kernel.monitor_capture)


def _protected_addresses() -> tuple[Protected, ...]:
    return protected_addresses()


def _no_counters(_: str) -> LinkCounters | None:
    return None


def _attach(
    stack: ExitStack, bpf: osmia.Bpf, name: str, mode: InterfaceMode | None, notices: list[str]
) -> WatchedInterface:
    """Attach both programs; what cannot be had is a notice, unless it is the ingress program."""
    used = _attach_ingress(stack, bpf, name, mode)
    index = interface_index(name)
    if index is None:
        raise UnknownInterfaceError(name, interface_names())
    interface = WatchedInterface(name, index, used)
    try:
        stack.enter_context(bpf[kernel.monitor_egress].attach(name, osmia.Direction.EGRESS))
    except NotSupportedError as error:
        interface.counts_egress = False
        notices.append(f"{name}: what goes out is not counted, since {error}")
    return interface


def _attach_ingress(stack: ExitStack, bpf: osmia.Bpf, name: str, mode: InterfaceMode | None) -> InterfaceMode:
    handle = bpf[kernel.monitor_ingress]
    if mode is not InterfaceMode.GENERIC:
        try:
            stack.enter_context(handle.attach(name, flags=osmia.XdpFlags.DRV_MODE))
        except (NotSupportedError, KernelError):
            if mode is InterfaceMode.NATIVE:
                raise
        else:
            return InterfaceMode.NATIVE
    stack.enter_context(handle.attach(name, flags=osmia.XdpFlags.SKB_MODE))
    return InterfaceMode.GENERIC
