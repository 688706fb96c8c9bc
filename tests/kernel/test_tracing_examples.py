"""The examples that trace: each test causes what the example shows, and compares."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import osmia
from osmia import Histogram, i32, u32
from osmia.net import IPv4Address, v4_mapped
from tests.builders.kernel_modules import import_file

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 20.0
"""How long an event is waited for."""


@contextmanager
def running(name: str, *programs: str, **constants: Any) -> Generator[tuple[Any, Any]]:
    """The programs of an example, loaded and attached."""
    example: Any = import_file(EXAMPLES / f"{name}.py")
    given = {getattr(example, constant): value for constant, value in constants.items()}
    chosen = [getattr(example, program) for program in programs]
    loaded: Any = osmia.load(*chosen, constants=given)
    with loaded as bpf:
        for program in chosen:
            bpf[program].attach()
        yield example, bpf


def first(bpf: Any, buffer: Any, wanted: Callable[[Any], bool]) -> Any:
    """The first event of which `wanted` holds."""
    for event in bpf[buffer].events(SECONDS):
        if wanted(event):
            return event
    raise AssertionError("the event did not come")


def test_opensnoop(tmp_path: Path) -> None:
    there, absent = tmp_path / "there", tmp_path / "absent"
    there.touch()
    command = [sys.executable, "-c", f"open({str(there)!r}); open({str(absent)!r})"]
    with running("opensnoop", "open_begins", "open_ends") as (example, bpf):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            found = first(bpf, example.opened, lambda event: str(event.path) == str(there))
            missed = first(bpf, example.opened, lambda event: str(event.path) == str(absent))
        assert bpf[example.opened].lost == 0
    assert found.pid == missed.pid == process.pid
    assert found.result >= 0
    assert found.flags == os.O_RDONLY | os.O_CLOEXEC
    assert missed.result == -2


def test_opensnoop_leaves_itself_out(tmp_path: Path) -> None:
    with running("opensnoop", "open_begins", "open_ends", own_pid=u32(os.getpid())) as (example, bpf):
        (tmp_path / "own").touch()
        (tmp_path / "other").touch()
        subprocess.run(["cat", str(tmp_path / "other")], check=True)
        seen = bpf[example.opened].read(SECONDS)
    assert str(tmp_path / "other") in {str(event.path) for event in seen}
    assert os.getpid() not in {event.pid for event in seen}


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["/bin/true", "one", "two words"], None),
        (["/bin/true"], {}),
        (["/bin/true", "x" * 200, "y" * 200], {}),
    ],
)
def test_execsnoop(arguments: list[str], environment: dict[str, str] | None) -> None:
    with running("execsnoop", "program_starts") as (example, bpf):
        with subprocess.Popen(arguments, env=environment) as process:
            event = first(bpf, example.executions, lambda event: event.pid == process.pid)
    wanted = " ".join(arguments)
    assert event.parent == os.getpid()
    assert str(event.comm) == "true"
    assert example.command_line(event) == (wanted if len(wanted) < 256 else wanted[:256] + "…")


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["IPv4", "IPv6"]
)
def test_tcplife(family: socket.AddressFamily, host: str) -> None:
    with (
        running("tcplife", "state_changes") as (example, bpf),
        socket.create_server((host, 0), family=family) as server,
    ):
        client = socket.create_connection(server.getsockname()[:2])
        ports = client.getsockname()[1], server.getsockname()[1]
        accepted, _ = server.accept()
        with client, accepted:
            client.sendall(b"x" * 1000)
            assert accepted.recv(1000, socket.MSG_WAITALL)
            accepted.sendall(b"y" * 70)
            assert client.recv(70, socket.MSG_WAITALL)
            time.sleep(0.05)
        event = first(bpf, example.lives, lambda event: (event.local_port, event.remote_port) == ports)
    assert event.pid == os.getpid()
    # The first SYN is acknowledged as well, and so may be the last FIN.
    assert event.sent in (1001, 1002)
    assert event.received in (70, 71)
    address = str(v4_mapped(IPv4Address(host))) if family == socket.AF_INET else host
    assert str(event.local) == str(event.remote) == address
    assert 50_000_000 <= int(event.duration) < SECONDS * 1e9


def test_biolatency(tmp_path: Path) -> None:
    writes, before = 20, _block_writes()
    with running("biolatency", "begins", "ends") as (example, bpf):
        descriptor = os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)
        for _ in range(writes):
            os.write(descriptor, bytes(4096))
            os.fsync(descriptor)
        os.close(descriptor)
        histogram: Histogram | None = bpf[example.latency].get(example.Operation.WRITE)
    completed = _block_writes() - before
    if not completed:
        pytest.skip("the temporary folder lies on no block device of this machine")
    assert histogram is not None
    # The kernel's own number includes flushes without data, which no driver sees as a write.
    assert writes <= histogram.total <= completed


def _block_writes() -> int:
    """Write requests that all disks have completed."""
    return sum(int(stat.read_text().split()[4]) for stat in Path("/sys/block").glob("*/stat"))


SPIN = """
import os, time
os.sched_setaffinity(0, {0})
input()
end = time.monotonic() + 0.5
while time.monotonic() < end:
    pass
input()
"""


def test_runqlat() -> None:
    with _spinner() as rival, _spinner() as watched:
        time.sleep(0.5)
        programs = ("woken", "started", "switched")
        with running("runqlat", *programs, wanted_process=i32(watched.pid)) as (example, bpf):
            before = _waited(watched.pid)
            for process in (rival, watched):
                assert process.stdin is not None
                process.stdin.write(b"\n")
                process.stdin.flush()
            time.sleep(1.5)
            after = _waited(watched.pid)
            histogram: Histogram = bpf[example.waits]
        for process in (rival, watched):
            process.communicate(b"\n")
    time_waited, turns = after[0] - before[0], after[1] - before[1]
    assert histogram.total == pytest.approx(turns, abs=3)
    filled = [bucket for bucket in histogram.buckets if bucket.count]
    assert sum((bucket.low or 0) * bucket.count for bucket in filled) <= time_waited * 1.1
    assert sum((bucket.high or 0) * bucket.count for bucket in filled) >= time_waited * 0.9


def _spinner() -> subprocess.Popen[bytes]:
    """A process that is busy for half a second on the first processor, once it gets a line."""
    return subprocess.Popen([sys.executable, "-c", SPIN], stdin=subprocess.PIPE)


def _waited(pid: int) -> tuple[int, int]:
    """Ns that a process has waited for a processor, and how often it got one (Documentation/scheduler)."""
    fields = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(fields[1]), int(fields[2])
