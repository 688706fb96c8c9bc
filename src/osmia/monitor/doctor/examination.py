"""The examination itself: everything is tried, nothing is attached, nothing is left behind."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import osmia
from osmia import Answer
from osmia.errors import OsmiaError, UsageError
from osmia.monitor import kernel
from osmia.monitor.control import control_socket_path
from osmia.monitor.daemon.privileges import MonitorCapability, effective_capabilities
from osmia.monitor.doctor.finding import Finding
from osmia.monitor.doctor.xdp_features import driver_has_xdp
from osmia.monitor.host import default_interface, interface_index, interface_names
from osmia.monitor.lists.store import state_directory
from osmia.monitor.sessions import PROGRAMS

__all__ = ["examine"]

GIVE = "run it with sudo, or as the service of packaging/osmia-monitor.service"
PURPOSE = {
    MonitorCapability.CAP_BPF: "loads programs",
    MonitorCapability.CAP_NET_ADMIN: "attaches them to interfaces",
    MonitorCapability.CAP_PERFMON: "reads reports of probes",
    MonitorCapability.CAP_SYS_PTRACE: "tells the processes of other users' connections",
}
REQUIRED = (MonitorCapability.CAP_BPF, MonitorCapability.CAP_NET_ADMIN, MonitorCapability.CAP_PERFMON)
SYS_ADMIN_GIVES = (MonitorCapability.CAP_BPF, MonitorCapability.CAP_PERFMON)
EXTRAS = {"textual": "the dashboard", "prometheus_client": "metrics for Prometheus"}
WITHOUT = {
    "tcx": "without it, what goes out is counted by a filter of the qdisc clsact",
    "bpffs": "only for objects that outlive a process; the monitor needs none",
    "tracefs": "only for tracepoints by name; the monitor needs none",
    "kernel BTF": "only for programs that read kernel structures; the monitor needs none",
}
ASKED = (
    "XDP programs",
    "traffic control programs",
    "tcx",
    "LRU hash map",
    "per-CPU hash map",
    "LPM trie",
    "perf event array",
    "map batches",
    "BTF",
    "kernel BTF",
    "bpffs",
    "tracefs",
)
"""The features that the monitor has to do with."""


def examine(interfaces: Sequence[str], control: str | None = None) -> list[Finding]:
    """All findings, for these interfaces or for that of the default route."""
    found = [*_capabilities(), *_programs(), *_features()]
    chosen = list(interfaces) or [name for name in (default_interface(),) if name]
    if not chosen:
        found.append(
            Finding("default route", Answer.NO, "no interface to watch by itself", "name one: IFACE")
        )
    for name in chosen:
        found += _interface(name)
    return [*found, *_extras(), *_directories(control)]


def _capabilities() -> Iterator[Finding]:
    try:
        held = effective_capabilities()
    except OsmiaError as error:
        yield Finding("capabilities", Answer.UNKNOWN, str(error))
        return
    for capability, purpose in PURPOSE.items():
        has = capability in held or (
            capability in SYS_ADMIN_GIVES and MonitorCapability.CAP_SYS_ADMIN in held
        )
        needed = capability in REQUIRED
        help = GIVE if needed else "run it with sudo where process names matter"
        yield Finding(capability.name, Answer.YES if has else Answer.NO, purpose, help, needed)


def _programs() -> Iterator[Finding]:
    """The monitor's own programs, loaded and given up again."""
    name = "the monitor's programs"
    try:
        with osmia.load(*PROGRAMS) as bpf:
            yield Finding(name, Answer.YES, "compiled, and taken by the verifier", required=True)
            yield _perf_buffer(bpf)
    except (OsmiaError, OSError) as error:
        first, *_ = str(error).splitlines() or [type(error).__name__]
        yield Finding(name, Answer.NO, first, GIVE, required=True)


def _perf_buffer(bpf: osmia.Bpf) -> Finding:
    try:
        _ = bpf[kernel.probe_reports].lost
    except (OsmiaError, OSError) as error:
        return Finding("perf buffers", Answer.NO, str(error), GIVE, required=True)
    return Finding("perf buffers", Answer.YES, "opened on all processors", required=True)


def _features() -> Iterator[Finding]:
    for feature in osmia.features():
        if feature.name in ASKED:
            without = "" if feature.answer is Answer.YES else WITHOUT.get(feature.name, "")
            detail = "; ".join(text for text in (feature.reason, without) if text)
            yield Finding(feature.name, feature.answer, detail)


def _interface(name: str) -> Iterator[Finding]:
    index = interface_index(name)
    if index is None:
        known = ", ".join(interface_names())
        yield Finding(f"interface {name}", Answer.NO, f"this machine has: {known}", required=True)
        return
    native = driver_has_xdp(index)
    if native is None:
        yield Finding(
            f"{name}: native XDP", Answer.UNKNOWN, "the kernel tells since Linux 6.3; the monitor tries it"
        )
    else:
        detail = "in the driver" if native else "the driver has none; the monitor takes generic mode"
        yield Finding(f"{name}: native XDP", Answer.YES if native else Answer.NO, detail)
    answers = {feature.name: feature.answer for feature in osmia.features()}
    yield Finding(
        f"{name}: generic XDP",
        answers["XDP programs"],
        "in the network stack, behind GRO, for every driver",
        required=True,
    )


def _extras() -> Iterator[Finding]:
    for package, purpose in EXTRAS.items():
        there = importlib.util.find_spec(package) is not None
        yield Finding(
            f"package {package}",
            Answer.YES if there else Answer.NO,
            purpose,
            "pip install 'osmia[monitor]'",
        )


def _directories(control: str | None) -> Iterator[Finding]:
    yield _writable("list file", state_directory(), "OSMIA_STATE_DIRECTORY names another directory")
    try:
        path = control_socket_path(control)
    except UsageError as error:
        yield Finding("control socket", Answer.NO, error.message, error.help, required=True)
        return
    yield _writable("control socket", path.parent, "--control PATH names another", required=True)


def _writable(name: str, directory: Path, help: str, *, required: bool = False) -> Finding:
    """Whether a directory can be written to, or made."""
    place = next(each for each in (directory, *directory.parents) if each.exists())
    answer = Answer.YES if os.access(place, os.W_OK | os.X_OK, effective_ids=True) else Answer.NO
    return Finding(name, answer, f"in {directory}", help, required)
