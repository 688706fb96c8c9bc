"""`osmia monitor run` on a veth pair, as an ordinary user with three capabilities."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from osmia.monitor.control import request
from osmia.net import TcpFlags
from osmia.packets import ethernet, ipv4, tcp, udp
from tests.builders.network import Host, veth_pair

pytestmark = [pytest.mark.kernel, pytest.mark.requires_tool("ip", "setpriv")]

NOBODY = 65_534
PATIENCE = 20.0
HERE, THERE = "10.99.7.1", "10.99.7.2"

NO_NEW_CODE = """
import ctypes, os, sys
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""As MemoryDenyWriteExecute= of the unit, where the kernel has it (Linux 6.3)."""


@dataclass
class Running:
    """A service and what it writes."""

    place: Path
    process: subprocess.Popen[str]
    manager: socket.socket
    here: Host
    there: Host

    def told(self, beginning: str) -> str:
        """The next message to the service manager that begins so."""
        while True:
            message = self.manager.recv(4096).decode()
            if message.startswith(beginning):
                return message

    def events(self) -> list[dict[str, Any]]:
        path = self.place / "eve.json"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def ask(self, **content: object) -> dict[str, Any]:
        return request(self.place / "monitor.sock", content)

    def reload(self, configuration: str) -> None:
        (self.place / "monitor.toml").write_text(configuration)
        self.process.send_signal(signal.SIGHUP)
        self.told("RELOADING=1")
        self.told("READY=1")

    def errors(self) -> str:
        return (self.place / "stderr").read_text()

    def scrape(self) -> str:
        with self.here.inside():
            with urllib.request.urlopen("http://127.0.0.1:19464/metrics", timeout=5) as answer:
                return str(answer.read().decode())


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def configuration(place: Path, more: str = "") -> str:
    return f"""
interfaces = ["veth-a"]
interval = 0.1
[events]
output = "{place}/eve.json"
stats_interval = 1
[metrics]
listen = "127.0.0.1:19464"
[lists]
block = ["{place}/drop.txt"]
{more}
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory of the service's user."""
    path = Path(tempfile.mkdtemp(prefix="osmia-test-"))
    path.chmod(0o755)
    os.chown(path, NOBODY, NOBODY)
    yield path
    shutil.rmtree(path)


def readable_by_nobody() -> bool:
    """Whether that user reaches the interpreter and the sources."""
    import osmia

    executable = Path(sys.executable)
    for start in (executable, executable.resolve(), Path(osmia.__file__).resolve()):
        if not all(parent.stat().st_mode & 0o001 for parent in start.parents):
            return False
    return True


@pytest.fixture
def running(place: Path) -> Iterator[Running]:
    (place / "drop.txt").write_text("198.51.100.0/24 ; SBL1\n")
    (place / "monitor.toml").write_text(configuration(place))
    with veth_pair() as (here, there), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place / "notify"))
        (place / "notify").chmod(0o777)
        manager.settimeout(PATIENCE)
        user = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if readable_by_nobody() else ()
        if not user:
            os.chown(place, 0, 0)
        three = "-all,+bpf,+net_admin,+perfmon"
        with (place / "stderr").open("w") as errors:
            process = subprocess.Popen(
                [
                    *("nsenter", f"--net=/run/netns/{here.namespace}", "setpriv", *user),
                    *(f"--bounding-set={three}", f"--inh-caps={three}", f"--ambient-caps={three}"),
                    *("--no-new-privs", sys.executable, "-c", NO_NEW_CODE),
                    *(sys.executable, "-m", "osmia.cli.main", "monitor", "run"),
                    *("-c", str(place / "monitor.toml")),
                ],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                text=True,
                cwd=place,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                    "NOTIFY_SOCKET": str(place / "notify"),
                    "OSMIA_CONTROL": str(place / "monitor.sock"),
                    "OSMIA_STATE_DIRECTORY": str(place / "state"),
                    "XDG_CACHE_HOME": str(place / "cache"),
                },
            )
        try:
            service = Running(place, process, manager, here, there)
            try:
                service.told("READY=1")
            except TimeoutError:
                pytest.fail(f"the service does not start: {service.errors()}")
            yield service
        finally:
            process.kill()
            process.wait()


def frame(to: Host, source: str, port: int = 9) -> bytes:
    return bytes(ethernet(dst=to.mac) / ipv4(src=source, dst=HERE) / udp(dport=port) / bytes(30))


def capabilities(pid: int) -> set[str]:
    """Of all threads: permitted, effective, inheritable, ambient."""
    kinds = ("CapPrm", "CapEff", "CapInh", "CapAmb")
    return {
        line.split()[1]
        for task in Path(f"/proc/{pid}/task").iterdir()
        for line in (task / "status").read_text().splitlines()
        if line.startswith(kinds)
    }


def test_it_counts_blocks_and_reports_with_hardly_any_rights(running: Running) -> None:
    """One start, for a start costs seconds: counts, lists, alert, metrics, rights, reload, rotation, end."""
    here, there = running.here, running.there
    perfmon, bpf = 1 << 38, 1 << 39
    assert capabilities(running.process.pid) <= {f"{bits:016x}" for bits in (0, perfmon, perfmon | bpf)}
    assert "capabilities kept: " in running.errors()
    there.send(frame(here, THERE), frame(here, "198.51.100.7"), frame(here, "198.51.100.8"))
    until(lambda: any(event["event_type"] == "drop" for event in running.events()))
    until(lambda: sum(e["drop"]["packets"] for e in running.events() if e["event_type"] == "drop") == 2)
    entries = [["203.0.113.0/24", ""], ["192.0.2.0/24", ""]]
    answer = running.ask(**{"command": "import", "import": {"action": "block", "entries": entries}})
    assert "blocks 2 networks" in str(answer["message"])
    there.send(frame(here, "203.0.113.9"))
    until(lambda: 'osmia_packets_total{action="drop"} 3.0' in running.scrape())
    assert 'osmia_interface_receive_packets_total{interface="veth-a"} 4.0' in running.scrape()
    assert 'osmia_map_entries{map="blocked"} 3.0' in running.scrape()
    there.send(
        *(
            bytes(ethernet(dst=here.mac) / ipv4(src=THERE, dst=HERE) / tcp(dport=port, flags=TcpFlags.SYN))
            for port in range(1, 60)
        )
    )
    until(lambda: any(event["event_type"] == "alert" for event in running.events()))
    until(lambda: any(event["event_type"] == "stats" for event in running.events()))

    (running.place / "eve.json").rename(running.place / "eve.json.1")
    (running.place / "drop.txt").write_text("203.0.113.128/25\n")
    running.reload(configuration(running.place, "[detection]\ntargets = 30\nwindow = '5s'\n"))
    until(lambda: "the configuration was read anew" in running.errors())
    assert "detection.window has changed, which needs a restart" in running.errors()
    assert running.ask(command="test", address="198.51.100.7")["verdict"]["blocked"] is False
    verdict = running.ask(command="test", address="203.0.113.200")["verdict"]
    assert verdict["blocking"]["network"] == "203.0.113.128/25"
    until(lambda: len(running.events()) > 0)

    running.reload("intervall = 1\n")
    until(lambda: "did you mean 'interval'?" in running.errors())
    assert running.ask(command="test", address="203.0.113.200")["verdict"]["blocked"] is True

    running.process.send_signal(signal.SIGTERM)
    running.told("STOPPING=1")
    assert running.process.wait(PATIENCE) == 143
    assert "Traceback" not in running.errors()
    assert not (running.place / "monitor.sock").exists()
    stored = json.loads((running.place / "state/lists.json").read_text())
    assert [rule["network"] for rule in stored] == ["203.0.113.0/24", "192.0.2.0/24"]
    assert "xdp" not in here.run("ip", "link", "show", here.interface)
