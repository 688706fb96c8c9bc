"""Real connections: the SSH session is not cut, listeners are no closed ports, a block bites."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from osmia.errors import UsageError
from osmia.monitor.lists.bulk import ListImport
from osmia.monitor.lists.formats import ListEntry
from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import RuleAction, network_of
from osmia.monitor.service import Service
from osmia.monitor.sessions import live_session
from tests.builders.network import Host, veth_pair

pytestmark = [pytest.mark.kernel, pytest.mark.requires_tool("ip")]

HERE, ADMINISTRATOR, STRANGER = "10.99.8.1", "10.99.8.2", "10.99.8.3"
SSH, PATIENCE = 22, 5.0
MANY_PORTS = range(2000, 2040)


@pytest.fixture
def pair() -> Iterator[tuple[Host, Host]]:
    with veth_pair() as (here, there):
        here.run("ip", "address", "add", f"{HERE}/24", "dev", here.interface)
        for address in (ADMINISTRATOR, STRANGER):
            there.run("ip", "address", "add", f"{address}/24", "dev", there.interface)
        yield here, there


@contextmanager
def serving(host: Host, *ports: int) -> Generator[dict[int, socket.socket]]:
    """Listeners in a namespace."""
    with host.inside():
        listeners = {port: socket.create_server((HERE, port)) for port in ports}
    try:
        yield listeners
    finally:
        for listener in listeners.values():
            listener.close()


def connect(host: Host, source: str, port: int) -> socket.socket:
    """A connection from the other host."""
    with host.inside():
        return socket.create_connection((HERE, port), timeout=PATIENCE, source_address=(source, 0))


def block(network: str) -> Rule:
    return Rule(ipaddress.ip_network(network), RuleAction.BLOCK, "test", "command", 0.0)


def echoes(client: socket.socket, server: socket.socket, word: bytes) -> bool:
    """Whether what one side says is heard at the other."""
    server.settimeout(1.0)
    client.sendall(word)
    try:
        return server.recv(64) == word
    except TimeoutError:
        return False


def test_the_session_of_the_administrator_is_never_cut(pair: tuple[Host, Host]) -> None:
    here, there = pair
    with serving(here, SSH) as listeners, connect(there, ADMINISTRATOR, SSH) as client:
        session, _ = listeners[SSH].accept()
        with session, here.inside(), live_session([here.interface]) as service:
            for network in (f"{ADMINISTRATOR}/32", f"{ADMINISTRATOR}/31"):
                with pytest.raises(UsageError, match="established SSH session"):
                    service.add_rule(block(network))
            done = service.import_rules(imported(f"{ADMINISTRATOR}/32", f"{STRANGER}/32"))
            assert "left out 1" in done
            assert dict(reasons(service)) == {STRANGER: "drop.txt"}
            assert echoes(client, session, b"still here")


def imported(*networks: str) -> ListImport:
    entries = [ListEntry(ipaddress.ip_network(network), "drop.txt") for network in networks]
    return ListImport(RuleAction.BLOCK, entries, "import drop.txt", skip_refused=True)


def reasons(service: Service) -> Iterator[tuple[str, str]]:
    """The addresses that are blocked, and why."""
    for rule in service.book.rules():
        yield str(rule.network.network_address), rule.reason


def test_a_block_bites_at_once_and_says_why(pair: tuple[Host, Host]) -> None:
    here, there = pair
    with serving(here, 80) as listeners, connect(there, STRANGER, 80) as client:
        server, _ = listeners[80].accept()
        with server, here.inside(), live_session([here.interface]) as service:
            assert echoes(client, server, b"before")
            service.add_rule(block(f"{STRANGER}/32"))
            assert not echoes(client, server, b"after")
            (rule,) = service.step().rules
            assert rule.network == network_of(ipaddress.ip_address(STRANGER))
            assert rule.dropped.packets > 0
            assert (rule.reason, rule.origin, rule.expires) == ("test", "command", None)


def test_connections_to_many_listeners_are_no_probes(pair: tuple[Host, Host]) -> None:
    here, there = pair
    with serving(here, *MANY_PORTS), here.inside(), live_session([here.interface]) as service:
        service.step()
        for port in MANY_PORTS:
            connect(there, STRANGER, port).close()
        snapshot = service.step()
        assert len(snapshot.connections) == len(MANY_PORTS)
        assert snapshot.alerts == ()
