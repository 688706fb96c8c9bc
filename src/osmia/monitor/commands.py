"""What the sub-commands of `osmia monitor` do. Each gives its exit code; errors are raised."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from osmia.errors import NotSupportedError, PermissionDeniedError, UsageError
from osmia.monitor.client import MonitorClient
from osmia.monitor.configuration import Configuration, settings
from osmia.monitor.control import NoMonitorError, control_socket_path
from osmia.monitor.daemon.run import Daemon
from osmia.monitor.demo.hosts import demo_hosts
from osmia.monitor.doctor import can_run, examine, findings_json, findings_text
from osmia.monitor.export.json_lines import Schema
from osmia.monitor.export.snapshot import snapshot_to_json
from osmia.monitor.export.text import snapshot_text
from osmia.monitor.generated import generated_traffic
from osmia.monitor.headless import Stats, print_events
from osmia.monitor.lists.formats import read_list
from osmia.monitor.lists.rules import parse_network
from osmia.monitor.lists.store import list_file
from osmia.monitor.model import InterfaceMode, SourceOfPackets
from osmia.monitor.replay import captured_frames
from osmia.monitor.service import Service
from osmia.monitor.sessions import Engine, capture_session, choose_interfaces, live_session

__all__ = [
    "Bounds",
    "check_configuration",
    "demo",
    "doctor",
    "replay",
    "run",
    "show_configuration",
    "top",
    "watch",
]

GENERATED_SECONDS = 15.0
NOT_PERMITTED = 77


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often to show something, and when to end."""

    interval: float = 1.0
    duration: float | None = None
    count: int | None = None
    as_json: bool = False
    schema: Schema = Schema.EVE

    @property
    def dashboard(self) -> bool:
        """Whether there is a terminal, and it is wanted."""
        return not self.as_json and sys.stdout.isatty() and sys.stdin.isatty()


def watch(bounds: Bounds, configuration: Configuration) -> int:
    """The monitor on interfaces; where BPF is not to be had, on a generated capture."""
    wanted = configuration[settings.INTERFACES]
    interfaces = choose_interfaces(wanted)
    mode = configuration[settings.MODE]
    with ExitStack() as stack:
        try:
            service = stack.enter_context(
                live_session(
                    interfaces,
                    mode=None if mode == "auto" else InterfaceMode(mode),
                    control=control_socket_path(configuration[settings.CONTROL] or None),
                    list_file=list_file(),
                    configuration=configuration,
                    keep_history=True,
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


def replay(path: Path, bounds: Bounds, *, local: Sequence[str] = (), engine: str = "auto") -> int:
    """A capture through the same programs; where rights are missing, as plain Python."""
    frames = captured_frames(path, [parse_network(network) for network in local])
    with capture_session(
        frames, path.name, SourceOfPackets.REPLAY, paced=bounds.dashboard, engine=Engine(engine)
    ) as service:
        service.alerts_only = not bounds.dashboard and bounds.count is None
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


def run(configuration: Callable[[], Configuration]) -> int:
    """The service; `configuration` is asked again at each SIGHUP."""
    return Daemon(configuration, list_file()).run()


def show_configuration(configuration: Configuration) -> int:
    """The configuration in force, as TOML."""
    print(configuration.text())
    return 0


def check_configuration(configuration: Configuration) -> int:
    """Whether the list files can be taken as well; the errors of the rest were raised before."""
    for setting in (settings.BLOCK_LISTS, settings.ALLOW_LISTS):
        for path in configuration[setting]:
            print(f"{path}: {len(read_list(Path(path)))} networks")
    print(f"{configuration.path or 'no file, all defaults'}: ok")
    return 0


def doctor(interfaces: Sequence[str], *, as_json: bool, control: str | None = None) -> int:
    """What this machine and this user can do."""
    findings = examine(interfaces, control)
    print(json.dumps(findings_json(findings), indent=1) if as_json else findings_text(findings))
    return 0 if can_run(findings) else NOT_PERMITTED


def _generated(reason: str, bounds: Bounds) -> int:
    """The same picture without a kernel, marked as such."""
    notice = f"generated traffic, not this machine's: {reason}"
    print(f"osmia: {reason}\nosmia: showing a generated capture instead", file=sys.stderr)
    seconds = None if bounds.dashboard or bounds.duration or bounds.count else GENERATED_SECONDS
    frames = generated_traffic(seconds)
    with capture_session(
        frames,
        "generated",
        SourceOfPackets.GENERATED,
        paced=seconds is None,
        notice=notice,
        engine=Engine.PYTHON,
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
        print_events(
            service,
            bounds.interval,
            duration=bounds.duration,
            count=bounds.count,
            stats=stats,
            schema=bounds.schema,
        )
    except KeyboardInterrupt:
        return
