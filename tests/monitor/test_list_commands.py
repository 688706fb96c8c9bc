"""`block import`, `export`, `test` and `config` as a user calls them; 100,000 entries in the kernel."""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import osmia
from osmia import XdpAction
from osmia.errors import UsageError
from osmia.monitor import kernel
from osmia.monitor.configuration import load_configuration
from osmia.monitor.control import ControlServer
from osmia.monitor.generated import generated_traffic
from osmia.monitor.host import Protected
from osmia.monitor.lists.book import RuleBook
from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import RuleAction, SourceOfPackets
from osmia.monitor.sessions import capture_session, live_session
from osmia.net import TcpFlags
from osmia.packets import ethernet, ipv4, tcp, udp
from tests.builders.network import veth_pair

Run = Callable[..., "subprocess.CompletedProcess[str]"]

DROP = "; a list\n203.0.113.0/24 ; SBL1\n198.51.100.7\n2001:db8::/32\n"


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
    def run_command(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "osmia.cli.main", "monitor", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            cwd=tmp_path,
            input=given,
        )

    return run_command


@pytest.fixture
def monitor(environment: dict[str, str]) -> Iterator[None]:
    """A monitor over a capture that answers at the control socket of the commands."""
    with capture_session(generated_traffic(1.0), "test", SourceOfPackets.REPLAY, paced=False) as service:
        service.run(1.0)
        server = ControlServer(Path(environment["OSMIA_CONTROL"]), service.answer)
        yield
        server.close()


def check_round_trip(run: Run, list_file: Path, words: str) -> None:
    """Import, test, export, import again: the same with a monitor and without."""
    list_file.write_text(DROP)
    done = run("block", "import", str(list_file), "--duration", "4h", "--reason", "why")
    assert (done.returncode, done.stderr) == (0, "")
    assert words in done.stdout
    assert run("allow", "add", "203.0.113.5").returncode == 0
    tested = run("block", "test", "203.0.113.9")
    assert tested.returncode == 0
    assert "203.0.113.9 is blocked by 203.0.113.0/24 (SBL1; import drop.txt)" in tested.stdout
    allowed = run("block", "test", "203.0.113.5")
    assert allowed.returncode == 1
    assert "wins over the block of 203.0.113.0/24" in allowed.stdout
    assert run("allow", "test", "203.0.113.5").returncode == 0
    assert run("allow", "test", "203.0.113.9").returncode == 1
    assert json.loads(run("block", "test", "2001:db8::5", "--json").stdout)["blocked"] is True
    assert run("block", "test", "192.0.2.1").returncode == 1
    exported = run("block", "export").stdout
    assert exported.splitlines()[1:] == [
        "203.0.113.0/24 ; SBL1",
        "198.51.100.7/32 ; why",
        "2001:db8::/32 ; why",
    ]
    again = run("block", "import", "-", given=exported)
    assert "3 of which had a rule that was replaced" in again.stdout
    (expiry,) = {rule["expires"] for rule in json.loads(run("block", "list", "--json").stdout)}
    assert expiry is None


def test_lists_without_a_monitor(run: Run, tmp_path: Path) -> None:
    check_round_trip(run, tmp_path / "drop.txt", "no monitor is running: stored in")


@pytest.mark.usefixtures("monitor")
def test_lists_of_a_running_monitor(run: Run, tmp_path: Path) -> None:
    check_round_trip(run, tmp_path / "drop.txt", "blocks 3 networks from now on")


@pytest.mark.usefixtures("monitor")
def test_a_preview_says_what_a_block_would_cut(run: Run) -> None:
    done = run("block", "preview", "198.51.100.0/24", "--json")
    preview = json.loads(done.stdout)
    assert done.returncode == 1
    assert len(preview["sources"]) >= 5
    assert preview["packets"] > 0
    assert len(preview["connections"]) >= 5
    assert "would have dropped" in run("block", "preview", "198.51.100.0/24").stdout
    assert run("block", "add", "198.51.100.0/25").returncode == 0
    again = run("block", "preview", "198.51.100.0/24", "--json")
    assert (again.returncode, json.loads(again.stdout)["sources"]) == (0, [])
    assert "refuses" in run("block", "preview", "0.0.0.0/0").stdout


def test_a_preview_needs_a_monitor(run: Run) -> None:
    done = run("block", "preview", "198.51.100.0/24")
    assert done.returncode == 2
    assert "running monitor" in done.stderr


@pytest.mark.parametrize("with_monitor", [False, True])
def test_a_bad_list_changes_nothing(
    run: Run, request: pytest.FixtureRequest, tmp_path: Path, with_monitor: bool
) -> None:
    if with_monitor:
        request.getfixturevalue("monitor")
    path = tmp_path / "list"
    path.write_text("203.0.113.0/24\n203.0.113.300\n")
    bad = run("block", "import", str(path))
    assert bad.returncode == 1
    assert "line 2: '203.0.113.300' is no address or network" in bad.stderr
    path.write_text("203.0.113.0/24\n0.0.0.0/0\n")
    refused = run("block", "import", str(path), "--force")
    assert refused.returncode == 2
    assert "never blocked" in refused.stderr
    assert json.loads(run("block", "list", "--json").stdout) == []
    left_out = run("block", "import", str(path), "--skip-refused")
    assert left_out.returncode == 0
    assert "left out 1:" in left_out.stdout
    assert [rule["network"] for rule in json.loads(run("block", "list", "--json").stdout)] == [
        "203.0.113.0/24"
    ]
    assert run("block", "import", str(tmp_path / "none")).returncode == 1
    assert run("block", "test", "nonsense").returncode == 2


def test_config_check_and_show(run: Run, tmp_path: Path) -> None:
    (tmp_path / "drop.txt").write_text(DROP)
    good = tmp_path / "good.toml"
    good.write_text(f'interval = 2\n[lists]\nblock = ["{tmp_path}/drop.txt"]\n')
    done = run("config", "check", str(good))
    assert (done.returncode, done.stderr) == (0, "")
    assert "drop.txt: 3 networks" in done.stdout
    assert done.stdout.endswith("good.toml: ok\n")
    bad = tmp_path / "bad.toml"
    bad.write_text("intervall = 2\nmode = 5\n")
    done = run("config", "check", str(bad))
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean 'interval'?" in done.stderr
    assert "mode is '5'" in done.stderr
    good.write_text(f'[lists]\nblock = ["{tmp_path}/none.txt"]\n')
    assert run("config", "check", str(good)).returncode == 1
    assert run("config", "check", str(tmp_path / "none.toml")).returncode == 1
    own = tmp_path / ".config/osmia/monitor.toml"
    own.parent.mkdir(parents=True)
    own.write_text("interval = 7\n")
    shown = run("config", "show").stdout
    assert f"# file: {own}" in shown
    assert "interval = 7  # file" in shown


def test_a_bad_configuration_keeps_the_monitor_from_starting(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("intervall = 2\n")
    for arguments in (("run", "-c", str(bad)), ("watch", "lo", "-c", str(bad))):
        done = run(*arguments)
        assert done.returncode == 1
        assert "did you mean 'interval'?" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("run",), ("doctor",), ("config", "check"), ("block", "import"), ("allow", "test")]
)
def test_every_command_has_help_with_an_example(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--help")
    assert done.returncode == 0
    assert "example" in done.stdout


@pytest.mark.kernel
def test_a_hundred_thousand_networks_are_in_force(tmp_path: Path) -> None:
    first = int(ipaddress.IPv4Address("11.0.0.0"))
    networks = [ipaddress.IPv4Network((first + (number << 8), 24)) for number in range(100_000)]
    rules = [Rule(network, RuleAction.BLOCK, "", "test", 1.0) for network in networks]
    with osmia.load(kernel.monitor_ingress, kernel.monitor_egress) as bpf:
        book = RuleBook(bpf, tuple[Protected, ...], tmp_path / "lists.json")
        assert book.add_many(rules).added == 100_000
        before = book.states()
        assert len(before) == 100_000
        for network, action in (
            (networks[0], XdpAction.DROP),
            (networks[-1], XdpAction.DROP),
            (ipaddress.ip_network("10.255.255.0/24"), XdpAction.PASS),
        ):
            packet = ethernet() / ipv4(src=str(network[5])) / udp() / bytes(30)
            assert bpf[kernel.monitor_ingress].run(packet).action is action
        states = book.states(before, 1.0)
        assert [state.network for state in states if state.dropped.packets] == [networks[0], networks[-1]]
        with pytest.raises(UsageError, match="full"):
            book.add_many(
                Rule(ipaddress.IPv4Network((number << 8, 24)), RuleAction.BLOCK, "", "test", 1.0)
                for number in range(1, 40_000)
            )


@pytest.mark.kernel
@pytest.mark.requires_tool("ip")
def test_list_files_and_thresholds_of_the_configuration_are_in_force(tmp_path: Path) -> None:
    (tmp_path / "drop.txt").write_text(DROP + "10.99.7.1\n")
    (tmp_path / "good.txt").write_text("203.0.113.5\n")
    path = tmp_path / "monitor.toml"
    path.write_text(
        f'[lists]\nblock = ["{tmp_path}/drop.txt"]\nallow = ["{tmp_path}/good.txt"]\n'
        "[detection]\ntargets = 4\n"
    )
    configuration = load_configuration(path, environment={})
    with veth_pair() as (here, there), here.inside():
        here.run("ip", "address", "add", "10.99.7.1/24", "dev", here.interface)
        with live_session([here.interface], configuration=configuration) as service:
            assert {str(rule.network) for rule in service.book.rules()} == {
                "203.0.113.0/24",
                "198.51.100.7/32",
                "2001:db8::/32",
                "203.0.113.5/32",
            }
            there.send(
                *(
                    bytes(
                        ethernet(dst=here.mac)
                        / ipv4(src="10.99.7.2", dst="10.99.7.1")
                        / tcp(dport=port, flags=TcpFlags.SYN)
                    )
                    for port in range(1, 6)
                )
            )
            deadline = time.monotonic() + 10
            snapshot = service.step()
            while not snapshot.alerts and time.monotonic() < deadline:
                time.sleep(0.05)
                snapshot = service.step()
            assert [alert.probes for alert in snapshot.alerts] == [5]
            assert "it is an address of this machine" in snapshot.notices[0]
            (tmp_path / "drop.txt").write_text("not a list\n")
            told = service.reconfigure(configuration)
            assert "drop.txt stays as it was" in told[0]
            (tmp_path / "drop.txt").write_text("")
            service.reconfigure(configuration)
            assert [str(rule.network) for rule in service.book.rules()] == ["203.0.113.5/32"]
            path.write_text("")
            told = service.reconfigure(load_configuration(path, environment={}))
            assert f"{tmp_path}/good.txt is no list any more: 1 networks taken out" in told
            assert service.book.rules() == ()
