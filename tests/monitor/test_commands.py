"""The sub-commands as a user calls them, without any right."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from osmia.cli.monitor import with_default_command
from osmia.monitor.control import ControlServer
from osmia.monitor.generated import SCANNER, SERVER, generated_traffic
from osmia.monitor.model import SourceOfPackets
from osmia.monitor.sessions import capture_session
from osmia.packets import Frame, PcapWriter

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def without_rights(command_line: list[str]) -> list[str]:
    """The same command without capabilities, also where root runs the tests."""
    if os.geteuid() == 0:
        return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command_line]
    return command_line


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "osmia.cli.main", "monitor", *arguments]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OSMIA_STATE_DIRECTORY": str(tmp_path / "state"),
        "OSMIA_CONTROL": str(tmp_path / "monitor.sock"),
        "HOME": str(tmp_path),
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    def run_command(*arguments: str, rights: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments) if rights else without_rights(command(*arguments)),
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
        )

    return run_command


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Six seconds of generated traffic as a pcap file."""
    path = tmp_path / "scan.pcap"
    with path.open("wb") as file:
        writer = PcapWriter(file)
        for frame in generated_traffic(6.0):
            writer.write(Frame(frame.timestamp_ns, frame.data, frame.length))
    return path


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_replay_gives_the_alert_and_the_numbers(run: Run, capture: Path) -> None:
    done = run("replay", str(capture), "--json", "--local", f"{SERVER}/32", "--local", "2001:db8:99::/64")
    assert (done.returncode, done.stderr) == (0, "")
    *alerts, stats = events(done.stdout)
    assert [event["src_ip"] for event in alerts] == [SCANNER]
    frames = list(generated_traffic(6.0))
    totals = stats["stats"]["osmia"]["totals"]
    assert stats["packets_from"] == "replay"
    assert totals["received"]["packets"] == sum(not frame.outbound for frame in frames)
    assert totals["sent"]["bytes"] == sum(frame.length for frame in frames if frame.outbound)


def test_a_replay_without_local_networks_counts_each_frame_at_both_ends(run: Run, capture: Path) -> None:
    *alerts, stats = events(run("replay", str(capture), "--json").stdout)
    assert [event["src_ip"] for event in alerts] == [SCANNER]
    totals = stats["stats"]["osmia"]["totals"]
    assert totals["received"]["packets"] == len(list(generated_traffic(6.0)))
    assert totals["sent"] == totals["received"]


@pytest.mark.parametrize("damage", ["cut", "no capture", "missing"])
def test_a_replay_of_what_is_no_good_capture(run: Run, capture: Path, damage: str) -> None:
    if damage == "cut":
        capture.write_bytes(capture.read_bytes()[:-7])
    elif damage == "no capture":
        capture.write_bytes(b"not a capture at all")
    else:
        capture.unlink()
    done = run("replay", str(capture), "--json")
    assert done.returncode == 1
    assert re.match(r"osmia: .*(capture|No such file)", done.stderr)
    assert "Traceback" not in done.stderr


def test_without_rights_the_generated_capture_is_shown_and_marked(run: Run) -> None:
    done = run("lo", rights=False)
    assert done.returncode == 77
    assert re.search(r"missing CAP_BPF|missing .*CAP_", done.stderr)
    lines = events(done.stdout)
    assert {line["packets_from"] for line in lines} == {"generated"}
    assert [line["src_ip"] for line in lines if line["event_type"] == "alert"] == [SCANNER]
    assert "generated traffic" in lines[-1]["stats"]["osmia"]["notices"][0]


def test_without_rights_top_and_demo_say_what_is_missing(run: Run) -> None:
    for arguments in (("top", "--once", "--json", "lo"), ("demo", "--duration", "1")):
        done = run(*arguments, rights=False)
        assert (done.returncode, done.stdout) == (77, "")
        assert "CAP_" in done.stderr


def test_an_unknown_interface_is_named_with_those_that_exist(run: Run) -> None:
    done = run("osmia-none")
    assert done.returncode == 2
    assert "'osmia-none'" in done.stderr
    assert "lo" in done.stderr


def test_without_a_monitor_rules_wait_for_its_next_start(run: Run, environment: dict[str, str]) -> None:
    added = run("block", "add", "203.0.113.0/24", "--reason", "a test", "--duration", "4h")
    assert added.returncode == 0
    assert "no monitor is running: stored in" in added.stdout
    run("allow", "add", "203.0.113.7")
    (rule,) = json.loads(run("block", "list", "--json").stdout)
    assert (rule["network"], rule["reason"]) == ("203.0.113.0/24", "a test")
    assert rule["expires"] > time.time() + 3 * 3600
    assert "203.0.113.7/32" in run("allow", "list").stdout
    assert run("block", "del", "203.0.113.0/24").returncode == 0
    missing = run("block", "del", "203.0.113.0/24")
    assert missing.returncode == 2
    assert "there is no block rule" in missing.stderr
    assert (Path(environment["OSMIA_STATE_DIRECTORY"]) / "lists.json").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("block", "add", "0.0.0.0/0", "--force"),
        ("block", "add", "127.0.0.1"),
        ("block", "add", "nonsense"),
        ("block", "add", "203.0.113.1", "--duration", "soon"),
        ("block",),
        ("--interval", "0"),
        ("--count", "0"),
        ("replay",),
    ],
)
def test_wrong_usage_is_two_and_a_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_reason_with_control_characters_is_refused(run: Run) -> None:
    done = run("block", "add", "203.0.113.1", "--reason", "\x1b[2J")
    assert done.returncode == 1
    assert "printable" in done.stderr


@pytest.fixture
def monitor(environment: dict[str, str]) -> Iterator[Path]:
    """A monitor over a capture that answers at the control socket of the commands."""
    path = Path(environment["OSMIA_CONTROL"])
    with capture_session(generated_traffic(5.0), "test", SourceOfPackets.REPLAY, paced=False) as service:
        service.run(1.0)
        server = ControlServer(path, service.answer)
        yield path
        server.close()


def test_a_running_monitor_answers_the_commands(run: Run, monitor: Path) -> None:
    assert "from now on" in run("block", "add", "203.0.113.0/24").stdout
    assert "203.0.113.0/24" in run("block", "list").stdout
    assert run("block", "del", "203.0.113.0/24").returncode == 0
    snapshot = json.loads(run("top", "--once", "--json", "--limit", "3").stdout)
    assert len(snapshot["sources"]) == 3
    assert snapshot["totals"]["received"]["packets"] > 100
    assert SCANNER in run("top", "--once").stdout
    assert run("block", "add", "0.0.0.0/0").returncode == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 77)])
def test_signals_end_it(environment: dict[str, str], tmp_path: Path, number: int, code: int) -> None:
    process = subprocess.Popen(
        without_rights(command("lo", "--duration", "60")),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline().startswith(b"{")
        process.send_signal(number)
        assert process.wait(20) == code


def test_a_reader_that_goes_away_is_no_error(environment: dict[str, str], tmp_path: Path) -> None:
    process = subprocess.Popen(
        without_rights(command("lo", "--interval", "0.1", "--duration", "60")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with process.stderr:
        assert process.wait(20) == 77
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["watch"]),
        (["eth0"], ["watch", "eth0"]),
        (["--json"], ["watch", "--json"]),
        (["top", "--once"], ["top", "--once"]),
        (["--help"], ["--help"]),
    ],
)
def test_watch_is_the_default(given: list[str], expected: list[str]) -> None:
    assert with_default_command(given) == expected


@pytest.mark.parametrize(
    "arguments", [(), ("watch",), ("top",), ("demo",), ("replay",), ("block", "add"), ("allow", "list")]
)
def test_every_command_has_help_with_an_example(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--help")
    assert done.returncode == 0
    assert "example" in done.stdout
