"""What goes wrong around the monitor: each with the behaviour that docs/monitor.md states."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from osmia.monitor.model import InterfaceMode, Snapshot
from osmia.monitor.service import Service
from osmia.monitor.sessions import live_session
from osmia.packets import ethernet, ipv4, udp
from tests.builders.network import Host, veth_pair
from tests.monitor.mixed_frames import HERE, INBOUND, OUTBOUND, THERE, mixed_frames, scapy_sums
from tests.monitor.test_live import connection_sums

pytestmark = [pytest.mark.kernel, pytest.mark.requires_tool("ip")]

PATIENCE = 20.0


@pytest.fixture
def pair() -> Iterator[tuple[Host, Host]]:
    with veth_pair() as hosts:
        yield hosts


def until(service: Service, holds: Callable[[Snapshot], bool]) -> Snapshot:
    """The first snapshot for which something holds; the last one after some patience."""
    deadline = time.monotonic() + PATIENCE
    while True:
        snapshot = service.step()
        if holds(snapshot) or time.monotonic() > deadline:
            return snapshot
        time.sleep(0.05)


def frame_to(host: Host) -> bytes:
    return bytes(ethernet(dst=host.mac) / ipv4(src=THERE, dst=HERE) / udp(sport=7, dport=9) / bytes(30))


def send_on(processor: int, host: Host, frames: list[bytes], rounds: int) -> threading.Thread:
    """A thread on one processor that sends: over a veth pair, the other end sees its frames there too."""

    def send() -> None:
        os.sched_setaffinity(0, {processor})
        for _ in range(rounds):
            host.send(*frames)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_two_processors_and_both_directions_lose_no_count(pair: tuple[Host, Host]) -> None:
    here, there = pair
    rounds = 20
    processors = sorted(os.sched_getaffinity(0))[:2]
    inbound, outbound = mixed_frames(INBOUND), mixed_frames(OUTBOUND)
    with here.inside(), live_session([here.interface]) as service:
        threads = [
            send_on(processor, host, frames, rounds)
            for processor in processors
            for host, frames in ((there, inbound), (here, outbound))
        ]
        for thread in threads:
            thread.join()
        times = rounds * len(processors)
        snapshot = until(service, lambda s: s.received.packets >= times * len(inbound))
    for count, frames, is_outbound in (
        (snapshot.received, inbound, False),
        (snapshot.sent, outbound, True),
    ):
        assert count.packets == times * len(frames)
        assert count.bytes == times * sum(map(len, frames))
        once, all_of_them = scapy_sums(frames), connection_sums(snapshot, outbound=is_outbound)
        assert all_of_them.connection_packets == Counter(
            {key: number * times for key, number in once.connection_packets.items()}
        )
        assert all_of_them.connection_bytes == Counter(
            {key: number * times for key, number in once.connection_bytes.items()}
        )
    assert not snapshot.losses.any


def test_nobody_else_takes_the_program_off(pair: tuple[Host, Host]) -> None:
    here, there = pair
    with here.inside(), live_session([here.interface], mode=InterfaceMode.NATIVE) as service:
        for kind in ("xdp", "xdpdrv"):
            with pytest.raises(RuntimeError, match="active BPF XDP link"):
                here.run("ip", "link", "set", "dev", here.interface, kind, "off")
        here.run("ip", "link", "set", "dev", here.interface, "xdpgeneric", "off")
        there.send(frame_to(here))
        assert until(service, lambda s: s.received.packets > 0).received.packets == 1


def test_a_renamed_interface_is_watched_on(pair: tuple[Host, Host]) -> None:
    here, there = pair
    with here.inside(), live_session([here.interface]) as service:
        there.send(frame_to(here))
        until(service, lambda s: s.received.packets > 0)
        here.run("ip", "link", "set", here.interface, "down")
        here.run("ip", "link", "set", here.interface, "name", "other0")
        here.run("ip", "link", "set", "other0", "up")
        there.send(frame_to(here))
        snapshot = until(service, lambda s: s.received.packets > 1)
    (interface,) = snapshot.interfaces
    assert (interface.name, interface.received.packets) == ("other0", 2)
    assert interface.link is not None
    assert interface.link.received_packets == 2
    assert any("is now other0" in notice for notice in snapshot.notices)


def test_an_interface_that_comes_back_is_watched_again(pair: tuple[Host, Host]) -> None:
    here, there = pair
    with here.inside(), live_session([here.interface]) as service:
        there.send(frame_to(here))
        until(service, lambda s: s.received.packets > 0)
        here.run("ip", "link", "del", here.interface)
        gone = until(service, lambda s: any("is gone" in notice for notice in s.notices))
        assert any("is gone" in notice for notice in gone.notices)
        here.run("ip", "link", "add", here.interface, "type", "veth", "peer", "name", "peer0")
        here.run("ip", "link", "set", here.interface, "up")
        here.run("ip", "link", "set", "peer0", "up")
        until(service, lambda s: any("is back" in notice for notice in s.notices))
        peer = Host(here.namespace, "peer0", there.mac)
        peer.send(frame_to(here))
        snapshot = until(service, lambda s: s.received.packets > 0)
        assert snapshot.received.packets >= 1
        assert any("is back" in notice for notice in snapshot.notices)
        assert {one.name for one in snapshot.interfaces} == {here.interface}


def test_a_kill_leaves_the_network_as_it_was(pair: tuple[Host, Host], tmp_path: Path) -> None:
    here, there = pair
    control = tmp_path / "monitor.sock"
    command = [sys.executable, "-m", "osmia.cli.main", "monitor", here.interface, "--json"]
    environment = {**os.environ, "OSMIA_STATE_DIRECTORY": str(tmp_path), "OSMIA_CONTROL": str(control)}
    with here.inside():
        monitor = subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    assert monitor.stdout is not None
    assert json.loads(monitor.stdout.readline())["event_type"] == "stats"
    assert "xdp" in here.run("ip", "link", "show", here.interface)
    monitor.send_signal(signal.SIGKILL)
    monitor.wait()
    monitor.stdout.close()
    assert "xdp" not in here.run("ip", "link", "show", here.interface)
    with here.packet_socket() as arrivals:
        there.send(frame_to(here))
        assert arrivals.recv(2048) == frame_to(here)
    # Nothing of the killed one stands in the way of the next.
    with here.inside(), live_session([here.interface], control=control):
        pass
