"""Who has a connection, by real sockets between two namespaces: the process, round trips, retransmits."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from osmia.monitor.model import Connection, Snapshot
from osmia.monitor.processes import watch_sockets
from osmia.monitor.service import Service
from osmia.monitor.sessions import live_session
from tests.builders.network import Host, veth_pair

pytestmark = [pytest.mark.kernel, pytest.mark.requires_tool("ip")]

PATIENCE = 10.0
HERE, THERE = ("10.99.7.1", "2001:db8:7::1"), ("10.99.7.2", "2001:db8:7::2")

SHORT_LIVED = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as client:
    client.sendall(b"question")
    client.recv(100)
"""


@pytest.fixture
def pair() -> Iterator[tuple[Host, Host]]:
    with veth_pair() as hosts:
        for host, addresses in zip(hosts, (HERE, THERE), strict=True):
            host.run("ip", "link", "set", "lo", "up")
            host.run("sh", "-c", f"echo 0 > /proc/sys/net/ipv6/conf/{host.interface}/disable_ipv6")
            host.run("ip", "address", "add", f"{addresses[0]}/24", "dev", host.interface)
            host.run("ip", "address", "add", f"{addresses[1]}/64", "dev", host.interface, "nodad")
        yield hosts


def until(service: Service, holds: Callable[[Snapshot], bool]) -> Snapshot:
    """The first snapshot for which something holds; the last one after some patience."""
    deadline = time.monotonic() + PATIENCE
    while True:
        snapshot = service.step()
        if holds(snapshot) or time.monotonic() > deadline:
            return snapshot
        time.sleep(0.05)


def connections_at(snapshot: Snapshot, port: int) -> list[Connection]:
    return [c for c in snapshot.connections if port in (c.local_port, c.remote_port) and c.protocol == 6]


@pytest.mark.parametrize("family", [0, 1], ids=["IPv4", "IPv6"])
def test_a_process_that_is_gone_again(pair: tuple[Host, Host], family: int) -> None:
    here, there = pair
    kind = (socket.AF_INET, socket.AF_INET6)[family]
    with there.inside():
        server = socket.create_server((THERE[family], 0), family=kind)
    port = server.getsockname()[1]
    with server, here.inside(), live_session([here.interface]) as service:
        service.step()
        client = subprocess.Popen([sys.executable, "-c", SHORT_LIVED, THERE[family], str(port)])
        accepted, _ = server.accept()
        with accepted:
            accepted.recv(100)
            accepted.sendall(b"answer")
            accepted.recv(1)
        client.wait()
        snapshot = until(service, lambda s: bool(connections_at(s, port)))
        (connection,) = connections_at(snapshot, port)
        assert connection.remote == ipaddress.ip_address(THERE[family])
        assert connection.owner is not None
        assert (connection.owner.pid, connection.owner.uid) == (client.pid, os.getuid())
        assert connection.owner.process.startswith("python")
        assert connection.round_trip_us is not None
        (process,) = (p for p in snapshot.processes if p.owner.pid == client.pid)
        assert (process.connections, process.sent) == (1, connection.sent)


@pytest.mark.parametrize("wildcard", [False, True], ids=["address", "wildcard"])
@pytest.mark.parametrize("before", [False, True], ids=["listens-later", "listened-before"])
def test_a_client_that_comes_in(pair: tuple[Host, Host], wildcard: bool, before: bool) -> None:
    here, there = pair
    place = "0.0.0.0" if wildcard else HERE[0]
    with here.inside():
        server = socket.create_server((place, 0)) if before else None
        with live_session([here.interface]) as service:
            server = server or socket.create_server((place, 0))
            port = server.getsockname()[1]
            with server:
                with there.inside():
                    client = socket.create_connection((HERE[0], port))
                accepted, _ = server.accept()
                with client, accepted:
                    client.sendall(b"x")
                    accepted.recv(1)
                    snapshot = until(service, lambda s: bool(connections_at(s, port)))
    (connection,) = connections_at(snapshot, port)
    assert connection.owner is not None
    assert connection.owner.pid == os.getpid()


def test_a_connection_that_was_there_before(pair: tuple[Host, Host]) -> None:
    here, there = pair
    with there.inside():
        server = socket.create_server((THERE[0], 0))
    port = server.getsockname()[1]
    with server, here.inside():
        client = socket.create_connection((THERE[0], port))
        accepted, _ = server.accept()
        with client, accepted, live_session([here.interface]) as service:
            for _ in range(3):
                client.sendall(b"question")
                accepted.recv(100)
                accepted.sendall(b"answer")
                client.recv(100)
                time.sleep(0.15)
            snapshot = until(service, lambda s: any(c.round_trip_us for c in connections_at(s, port)))
    (connection,) = connections_at(snapshot, port)
    assert connection.owner is not None
    assert connection.owner.pid == os.getpid()
    assert connection.round_trip_us is not None


def test_retransmits_are_counted(pair: tuple[Host, Host]) -> None:
    here, there = pair
    with there.inside():
        server = socket.create_server((THERE[0], 0))
    port = server.getsockname()[1]
    with server, here.inside(), live_session([here.interface]) as service:
        client = socket.create_connection((THERE[0], port))
        accepted, _ = server.accept()
        with client, accepted:
            there.run("ip", "link", "set", there.interface, "down")
            client.sendall(b"lost")
            snapshot = until(service, lambda s: any(c.retransmits for c in connections_at(s, port)))
    (connection,) = connections_at(snapshot, port)
    assert connection.retransmits >= 1


def test_sockets_of_other_namespaces_are_not_taken_for_ours(pair: tuple[Host, Host]) -> None:
    here, there = pair
    told: list[str] = []
    with here.inside(), watch_sockets(told.append) as watch:
        assert watch is not None
        for host, own in ((there, False), (here, True)):
            with host.inside():
                with socket.create_server(("127.0.0.1", 0)) as server:
                    with socket.create_connection(server.getsockname()):
                        assert bool(watch.read()) is own
    assert told == []
