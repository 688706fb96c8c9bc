"""The demo: two hosts of its own, an alert, a block from outside, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.kernel

PEER = "10.99.0.2"
PATIENCE = 60.0


def start(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "osmia.cli.main", "monitor", "demo", "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    )


def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OSMIA_CONTROL": str(tmp_path / "monitor.sock"),
        "OSMIA_STATE_DIRECTORY": str(tmp_path),
    }


def ask(tmp_path: Path, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "osmia.cli.main", "monitor", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment(tmp_path),
        timeout=60,
    ).stdout


def helpers_of(process: subprocess.Popen[str]) -> set[int]:
    """All processes that the demo started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return {int(number) for number in children.read_text().split()}


def alive(process_ids: set[int]) -> set[int]:
    """Those that still run; a zombie does not."""
    running: set[int] = set()
    for number in process_ids:
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            running.add(number)
    return running


def gone(process_ids: set[int]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while alive(process_ids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(process_ids)


def next_event(process: subprocess.Popen[str], kind: str) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["event_type"] == kind:
            return event
    raise AssertionError(f"the demo ended without {kind}: {process.stderr.read() if process.stderr else ''}")


def close(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def test_scan_is_one_alert_and_the_peer_can_be_blocked(tmp_path: Path) -> None:
    process = start(tmp_path, "--interval", "0.5", "--duration", "14")
    try:
        alert = next_event(process, "alert")
        assert alert["src_ip"] == PEER
        assert alert["alert"]["metadata"]["technique"] == "connect"
        before = json.loads(ask(tmp_path, "top", "--once", "--json"))
        addresses = {source["address"] for source in before["sources"]}
        assert {PEER, "2001:db8:99::2"} <= addresses
        assert before["totals"]["sent"]["bytes"] > 0
        assert "from now on" in ask(tmp_path, "block", "add", PEER, "--reason", "test")
        drop = next_event(process, "drop")
        assert drop["drop"]["reason"] == "test"
        (rule,) = json.loads(ask(tmp_path, "block", "list", "--json"))
        assert rule["dropped"]["packets"] >= 1
        ask(tmp_path, "block", "del", PEER)
        assert json.loads(ask(tmp_path, "block", "list", "--json")) == []
        rest = [json.loads(line) for line in process.stdout or ()]
        assert process.wait(PATIENCE) == 0
        (last,) = rest[-1]["stats"]["osmia"]["alerts"]
        assert (last["kind"], last["number"]) == ("vertical", 1)
        assert not [event for event in rest if event["event_type"] == "alert"]
        assert not (tmp_path / "lists.json").exists()
        assert not (tmp_path / "monitor.sock").exists()
    finally:
        close(process)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_however_it_ends_nothing_is_left(tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = start(tmp_path)
    try:
        next_event(process, "stats")
        helpers = helpers_of(process)
        namespaces = {Path(f"/proc/{helper}/ns/net").readlink() for helper in helpers}
        assert len(namespaces) == 2
        assert Path("/proc/self/ns/net").readlink() not in namespaces
        process.send_signal(number)
        assert process.wait(PATIENCE) == code
        assert gone(helpers)
        here = Path("/proc/net/dev").read_text()
        assert "osmia0" not in here
        assert "osmia1" not in here
    finally:
        close(process)


def test_the_next_demo_starts_after_one_that_was_killed(tmp_path: Path) -> None:
    for number in (signal.SIGKILL, signal.SIGINT):
        process = start(tmp_path)
        try:
            next_event(process, "stats")
            process.send_signal(number)
            process.wait(PATIENCE)
        finally:
            close(process)
