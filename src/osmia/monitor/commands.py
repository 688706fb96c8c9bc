"""What the sub-commands of `osmia monitor` do. Each gives its exit code; errors are raised."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from osmia.errors import NotSupportedError, PermissionDeniedError, UsageError
from osmia.monitor.client import MonitorClient
from osmia.monitor.control import NoMonitorError, control_socket_path
from osmia.monitor.demo.hosts import demo_hosts
from osmia.monitor.export.snapshot import snapshot_to_json
from osmia.monitor.export.text import rules_text, snapshot_text
from osmia.monitor.generated import generated_traffic
from osmia.monitor.headless import Stats, print_events
from osmia.monitor.host import protected_addresses
from osmia.monitor.lists.guards import check_block
from osmia.monitor.lists.rules import Rule, parse_duration, parse_network
from osmia.monitor.lists.store import MAXIMUM_RULES, load_rules, save_rules, state_directory
from osmia.monitor.model import InterfaceMode, RuleAction, SourceOfPackets
from osmia.monitor.replay import captured_frames
from osmia.monitor.service import Service
from osmia.monitor.sessions import capture_session, choose_interfaces, live_session

__all__ = ["Bounds", "add_rule", "demo", "list_rules", "remove_rule", "replay", "top", "watch"]

LIST_FILE = "lists.json"
GENERATED_SECONDS = 15.0
NOT_PERMITTED = 77


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often to show something, and when to end."""

    interval: float = 1.0
    duration: float | None = None
    count: int | None = None
    as_json: bool = False

    @property
    def dashboard(self) -> bool:
        """Whether there is a terminal, and it is wanted."""
        return not self.as_json and sys.stdout.isatty() and sys.stdin.isatty()


def watch(
    names: Sequence[str], bounds: Bounds, *, mode: InterfaceMode | None = None, control: str | None = None
) -> int:
    """The monitor on interfaces; where BPF is not to be had, on a generated capture."""
    interfaces = choose_interfaces(names)
    with ExitStack() as stack:
        try:
            service = stack.enter_context(
                live_session(
                    interfaces,
                    mode=mode,
                    control=control_socket_path(control),
                    list_file=state_directory() / LIST_FILE,
                )
            )
        except (PermissionDeniedError, NotSupportedError) as error:
            return _generated(str(error), bounds)
        _show(service, bounds)
    return 0


def demo(bounds: Bounds, *, control: str | None = None) -> int:
    """Two hosts in own network namespaces, ordinary traffic and a scan, and the monitor on one of them."""
    with ExitStack() as stack:
        path = control_socket_path(control)
        hosts = stack.enter_context(demo_hosts())
        service = stack.enter_context(
            live_session([hosts.interface], control=path, packets_from=SourceOfPackets.DEMO)
        )
        hosts.begin()
        _show(service, bounds)
    return 0


def replay(path: Path, bounds: Bounds, *, local: Sequence[str] = ()) -> int:
    """A capture through the same programs; no rights are needed."""
    frames = captured_frames(path, [parse_network(network) for network in local])
    with capture_session(frames, path.name, SourceOfPackets.REPLAY, paced=bounds.dashboard) as service:
        _show(service, bounds, stats=Stats.LAST)
    return 0


def top(names: Sequence[str], bounds: Bounds, *, limit: int, control: str | None = None) -> int:
    """One snapshot, of the running monitor or of one that measures for one interval."""
    try:
        snapshot = MonitorClient(control).top(limit)
        if bounds.as_json:
            print(json.dumps(snapshot, indent=1))
            return 0
    except NoMonitorError:
        with live_session(choose_interfaces(names)) as service:
            service.start(bounds.interval)
            measured = service.wait(1, timeout=bounds.interval + 60.0)
            if measured is None:
                service.join()
                raise UsageError("nothing was measured", "try a longer --interval") from None
            snapshot = snapshot_to_json(measured, limit)
    print(json.dumps(snapshot, indent=1) if bounds.as_json else snapshot_text(snapshot))
    return 0


def add_rule(
    action: RuleAction,
    network: str,
    *,
    reason: str = "",
    duration: str | None = None,
    force: bool = False,
    control: str | None = None,
) -> int:
    """Block or allow a network from now on; without a running monitor, from its next start on."""
    now = time.time()
    expires = None if duration is None else now + parse_duration(duration)
    rule = Rule(parse_network(network), action, reason, "command", now, expires, force)
    Rule.from_json(rule.to_json())
    try:
        print(MonitorClient(control).add(rule))
    except NoMonitorError:
        if action is RuleAction.BLOCK:
            check_block(rule.network, protected_addresses(), force=force)
        path = state_directory() / LIST_FILE
        others = [
            known for known in load_rules(path) if (known.action, known.network) != (action, rule.network)
        ]
        if len(others) >= MAXIMUM_RULES:
            raise UsageError(f"the lists are full: {MAXIMUM_RULES} rules", "remove some") from None
        save_rules(path, [*others, rule])
        print(f"no monitor is running: stored in {path}; the next start {action.value}s {rule.network}")
    return 0


def remove_rule(action: RuleAction, network: str, *, control: str | None = None) -> int:
    """Take a rule away, of the running monitor or of the list file."""
    removed = parse_network(network)
    try:
        print(MonitorClient(control).remove(action, removed))
    except NoMonitorError:
        path = state_directory() / LIST_FILE
        rules = load_rules(path)
        others = [known for known in rules if (known.action, known.network) != (action, removed)]
        if len(others) == len(rules):
            raise UsageError(
                f"there is no {action.value} rule for exactly {removed}",
                f"see `osmia monitor {action.value} list`",
            ) from None
        save_rules(path, others)
        print(f"no monitor is running: {removed} was taken out of {path}")
    return 0


def list_rules(action: RuleAction, *, as_json: bool, control: str | None = None) -> int:
    """The rules of the running monitor, with what they dropped, or those of the list file."""
    try:
        rules = MonitorClient(control).rules()
    except NoMonitorError:
        rules = [rule.to_json() for rule in load_rules(state_directory() / LIST_FILE)]
        print("no monitor is running: these are stored for its next start", file=sys.stderr)
    chosen = [rule for rule in rules if rule.get("action") == action.value]
    print(json.dumps(chosen, indent=1) if as_json else rules_text(chosen, time.time()))
    return 0


def _generated(reason: str, bounds: Bounds) -> int:
    """The same picture without a kernel, marked as such."""
    notice = f"generated traffic, not this machine's: {reason}"
    print(f"osmia: {reason}\nosmia: showing a generated capture instead", file=sys.stderr)
    seconds = None if bounds.dashboard or bounds.duration or bounds.count else GENERATED_SECONDS
    frames = generated_traffic(seconds)
    with capture_session(
        frames, "generated", SourceOfPackets.GENERATED, paced=seconds is None, notice=notice
    ) as service:
        _show(service, bounds)
    return 0 if bounds.dashboard else NOT_PERMITTED


def _show(service: Service, bounds: Bounds, stats: Stats = Stats.EACH) -> None:
    """The dashboard on a terminal, else JSON lines; until Ctrl-C, the bounds or the end of the packets."""
    if bounds.dashboard:
        try:
            from osmia.monitor.dashboard import run_dashboard  # noqa: PLC0415 - needs the extra
        except ModuleNotFoundError as error:
            raise NotSupportedError(
                "the dashboard", f"the package {error.name}: pip install 'osmia[monitor]', or give --json"
            ) from None
        run_dashboard(service, bounds.interval, duration=bounds.duration)
        return
    try:
        print_events(service, bounds.interval, duration=bounds.duration, count=bounds.count, stats=stats)
    except KeyboardInterrupt:
        return
