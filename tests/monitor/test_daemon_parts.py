"""What the service is made of: messages to its manager, the event file, rights, metrics, the unit file."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from osmia.errors import UsageError
from osmia.monitor.daemon.events import EventFile
from osmia.monitor.daemon.notify import Notifier
from osmia.monitor.export.metrics import MonitorMetrics, metrics_server
from osmia.monitor.generated import generated_traffic
from osmia.monitor.model import SourceOfPackets
from osmia.monitor.sessions import capture_session

UNIT = Path(__file__).parents[2] / "packaging/osmia-monitor.service"


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_is_told(tmp_path: Path, abstract: bool) -> None:
    name = f"@osmia-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": name})
        notifier.ready("watching lo")
        notifier.reloading()
        notifier.stopping()
        notifier.alive()
        told = [manager.recv(1024).decode() for _ in range(4)]
    assert told[0] == "READY=1\nSTATUS=watching lo"
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", told[1])
    assert told[2:] == ["STOPPING=1", "WATCHDOG=1"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nonexistent"}, {"NOTIFY_SOCKET": "tcp:1"}])
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    Notifier(environment).ready("x")


def test_a_rotated_event_file_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    events = EventFile(str(path))
    events.write(["a", "b"])
    path.rename(tmp_path / "eve.json.1")
    events.write(["c"])
    events.reopen()
    events.write(["d"])
    events.close()
    assert (tmp_path / "eve.json.1").read_text() == "a\nb\nc\n"
    assert path.read_text() == "d\n"
    assert events.lost == 0


def test_a_full_disk_is_counted_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "eve.json"
    events = EventFile(str(path))
    write = os.write
    room = 3

    def limited(descriptor: int, data: memoryview) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = write(descriptor, data[:room])
        room -= count
        return count

    with monkeypatch.context() as patched:
        patched.setattr("osmia.monitor.daemon.events.os.write", limited)
        events.write(["first", "second"])
        events.write(["third"])
    assert events.lost == 3
    events.write(["fourth"])
    events.close()
    assert path.read_text() == "fir\nfourth\n"


def test_no_output_writes_nothing_and_a_bad_one_is_an_error(tmp_path: Path) -> None:
    events = EventFile("")
    events.write(["x"])
    events.close()
    with pytest.raises(FileNotFoundError):
        EventFile(str(tmp_path / "none" / "eve.json"))


RIGHTS = """
import json, sys
from osmia.monitor.daemon.privileges import MonitorCapability, effective_capabilities, keep_what_is_needed
from osmia.errors import PermissionDeniedError
needed = set(sys.argv[1:])
def work():
    if not needed <= {c.name for c in effective_capabilities()}:
        raise PermissionDeniedError("work")
try:
    keep_what_is_needed(work, [MonitorCapability.CAP_PERFMON] if "also" in sys.stdin.read() else [])
except PermissionDeniedError:
    print("refused")
print(json.dumps(sorted(c.name for c in effective_capabilities())))
others = ("CapPrm", "CapInh", "CapAmb")
print([line.split()[1] for line in open("/proc/self/status") if line.startswith(others)])
"""


def rights(*needed: str, standard_input: str = "") -> list[str]:
    given = "+bpf,+net_admin,+perfmon"
    command = [
        "setpriv",
        f"--bounding-set=-all,{given}",
        "--inh-caps=-all",
        sys.executable,
        "-c",
        RIGHTS,
        *needed,
    ]
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, env=environment, input=standard_input
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.kernel
@pytest.mark.requires_tool("setpriv")
class TestRights:
    def test_what_is_not_needed_is_given_up_for_good(self) -> None:
        effective, others = rights()
        assert json.loads(effective) == []
        assert set(re.findall("[0-9a-f]{16}", others)) == {"0" * 16}

    def test_cap_bpf_is_kept_where_maps_need_it(self) -> None:
        effective, others = rights("CAP_BPF")
        assert json.loads(effective) == ["CAP_BPF"]
        assert f"{1 << 39:016x}" in others

    def test_what_may_be_needed_later_is_kept(self) -> None:
        effective, others = rights(standard_input="also")
        assert json.loads(effective) == ["CAP_PERFMON"]
        assert f"{1 << 38:016x}" in others

    def test_all_is_kept_where_that_is_not_enough(self) -> None:
        effective, _ = rights("CAP_NET_ADMIN")
        assert json.loads(effective) == ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"]

    def test_an_error_leaves_the_rights_as_they_were(self) -> None:
        refused, effective, _ = rights("CAP_SYS_ADMIN")
        assert refused == "refused"
        assert json.loads(effective) == ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"]


def scrape(port: int) -> dict[str, dict[tuple[str, ...], float]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found: dict[str, dict[tuple[str, ...], float]] = {}
    families: Any = text_string_to_metric_families(text)
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_metrics_are_the_sums_of_the_snapshot() -> None:
    metrics = MonitorMetrics(lambda: 7)
    with (
        capture_session(generated_traffic(6.0), "eth9", SourceOfPackets.REPLAY, paced=False) as service,
        metrics_server("127.0.0.1:0", metrics) as port,
    ):
        assert set(scrape(port)) == {"osmia_build_info"}
        service.subscribe(metrics.subscriber)
        service.run(1.0)
        found = scrape(port)
        latest = service.latest
    assert latest is not None
    assert found["osmia_interface_receive_bytes_total"] == {("eth9",): latest.received.bytes}
    assert found["osmia_interface_transmit_packets_total"] == {("eth9",): latest.sent.packets}
    assert found["osmia_packets_total"] == {("pass",): latest.received.packets, ("drop",): 0}
    assert found["osmia_scan_alerts_total"][("vertical",)] == 1
    assert found["osmia_map_entries"][("sources",)] == len(latest.sources)
    assert found["osmia_map_capacity"][("connections",)] == 65_536
    assert found["osmia_events_lost_total"] == {(): 0}
    assert found["osmia_log_lines_lost_total"] == {(): 7}
    assert "osmia_parse_errors_total" in found or not latest.reasons
    labels = {value for samples in found.values() for label in samples for value in label}
    assert not any(re.search(r"\d+\.\d+\.\d+\.\d+|::", value) for value in labels)


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with metrics_server("127.0.0.1:0", MonitorMetrics(lambda: 0)) as port:
        with pytest.raises(
            UsageError, match=r"metrics cannot be served at 127.0.0.1:\d+: Address already in use"
        ):
            with metrics_server(f"127.0.0.1:{port}", MonitorMetrics(lambda: 0)):
                pass


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_the_unit_is_as_closed_as_promised() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(UNIT)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    exposure = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert exposure is not None, done.stderr
    assert float(exposure.group(1)) <= 2.5
    assert done.returncode == 0


def test_the_unit_names_only_commands_and_settings_that_exist() -> None:
    from osmia.cli.main import parser
    from osmia.monitor.configuration import load_configuration

    text = UNIT.read_text()
    command = re.search(r"^ExecStart=/usr/bin/osmia (.*)$", text, re.MULTILINE)
    assert command is not None
    assert parser().parse_args(command.group(1).split()).config == Path("/etc/osmia/monitor.toml")
    configuration = load_configuration(UNIT.with_name("monitor.toml"), environment={})
    assert set(configuration.origins.values()) == {"file"}
