"""The monitor on a veth pair: counts, blocks and alerts from real frames, native and generic."""

from __future__ import annotations

import dataclasses
import ipaddress
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scapy.utils import PcapReader

from osmia.errors import AlreadyAttachedError, UsageError
from osmia.monitor.control import request
from osmia.monitor.detect.alert import ScanKind, Technique
from osmia.monitor.lists.rules import Rule
from osmia.monitor.lists.store import load_rules, save_rules
from osmia.monitor.model import InterfaceMode, RuleAction, Snapshot
from osmia.monitor.service import Service
from osmia.monitor.sessions import choose_interfaces, live_session
from osmia.net import TcpFlags
from osmia.packets import Frame, PcapWriter, ethernet, ipv4, tcp, udp
from tests.builders.network import Host, veth_pair
from tests.monitor.mixed_frames import HERE, INBOUND, OUTBOUND, THERE, Sums, mixed_frames, scapy_sums

pytestmark = [pytest.mark.kernel, pytest.mark.requires_tool("ip")]

PATIENCE = 10.0
MODES = [InterfaceMode.NATIVE, InterfaceMode.GENERIC]


@pytest.fixture
def pair() -> Iterator[tuple[Host, Host]]:
    with veth_pair() as hosts:
        yield hosts


@contextmanager
def monitored(host: Host, **options: object) -> Generator[Service, None, None]:
    with host.inside(), live_session([host.interface], **options) as service:  # type: ignore[arg-type]
        yield service


def through_a_capture(frames: list[bytes], path: Path) -> list[bytes]:
    """The frames as scapy reads them back from a capture file that osmia wrote."""
    with path.open("wb") as file:
        writer = PcapWriter(file)
        for number, frame in enumerate(frames):
            writer.write(Frame(number * 1_000_000, frame, len(frame)))
    with PcapReader(str(path)) as reader:
        return [bytes(packet) for packet in reader]


def until(service: Service, holds: Callable[[Snapshot], bool]) -> Snapshot:
    """The first snapshot for which something holds; the last one after some patience."""
    deadline = time.monotonic() + PATIENCE
    while True:
        snapshot = service.step()
        if holds(snapshot) or time.monotonic() > deadline:
            return snapshot
        time.sleep(0.05)


def connection_sums(snapshot: Snapshot, *, outbound: bool) -> Sums:
    """A snapshot in the shape of `scapy_sums`."""
    sums = Sums()
    for connection in snapshot.connections:
        here = str(connection.local), connection.local_port
        there = str(connection.remote), connection.remote_port
        ends = (*here, *there) if outbound else (*there, *here)
        count = connection.sent if outbound else connection.received
        if count.packets:
            sums.connection_packets[*ends, connection.protocol] += count.packets
            sums.connection_bytes[*ends, connection.protocol] += count.bytes
            sums.source_packets[ends[0]] += count.packets
            sums.source_bytes[ends[0]] += count.bytes
    return sums


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_mixed_frames_are_summed_as_scapy_sums_them(
    pair: tuple[Host, Host], tmp_path: Path, mode: InterfaceMode
) -> None:
    here, there = pair
    inbound = through_a_capture(mixed_frames(INBOUND), tmp_path / "in.pcap")
    outbound = through_a_capture(mixed_frames(OUTBOUND), tmp_path / "out.pcap")
    with monitored(here, mode=mode) as service:
        there.send(*inbound)
        here.send(*outbound)
        snapshot = until(
            service, lambda s: (s.received.packets, s.sent.packets) >= (len(inbound), len(outbound))
        )
    expected = scapy_sums(inbound)
    assert connection_sums(snapshot, outbound=False) == expected
    assert connection_sums(snapshot, outbound=True) == scapy_sums(outbound)
    assert {
        str(source.address): source.received.bytes for source in snapshot.sources
    } == expected.source_bytes
    (interface,) = snapshot.interfaces
    assert interface.mode is mode
    assert (interface.received.packets, interface.received.bytes) == (len(inbound), sum(map(len, inbound)))
    assert (interface.sent.packets, interface.sent.bytes) == (len(outbound), sum(map(len, outbound)))
    assert not snapshot.losses.any
    assert interface.link is not None
    assert (interface.link.received_packets, interface.link.sent_packets) == (len(inbound), len(outbound))
    assert interface.link.sent_bytes == interface.sent.bytes


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_a_block_drops_exactly_the_blocked_source(pair: tuple[Host, Host], mode: InterfaceMode) -> None:
    here, there = pair
    frame = {
        source: bytes(
            ethernet(dst=here.mac) / ipv4(src=source, dst=HERE) / udp(dport=9) / source.encode().ljust(30)
        )
        for source in (THERE, "10.99.7.3")
    }
    with monitored(here, mode=mode) as service, here.packet_socket() as arrivals:
        now = service.wall_clock()
        network = ipaddress.ip_network(THERE)
        service.add_rule(Rule(network, RuleAction.BLOCK, "test", "test", now))
        there.send(*(frame[THERE], frame["10.99.7.3"]) * 20)
        blocked = until(service, lambda s: s.received.packets >= 40)
        service.remove_rule(RuleAction.BLOCK, network)
        there.send(frame[THERE])
        until(service, lambda s: s.received.packets >= 41)
        arrived = [arrivals.recv(2048) for _ in range(21)]
    assert arrived == [frame["10.99.7.3"]] * 20 + [frame[THERE]]
    assert (blocked.dropped.packets, blocked.dropped.bytes) == (20, 20 * len(frame[THERE]))
    assert {str(s.address): s.blocked_packets for s in blocked.sources} == {THERE: 20, "10.99.7.3": 0}
    (rule,) = blocked.rules
    assert rule.dropped.packets == 20


@pytest.mark.parametrize(
    ("flags", "technique"),
    [(0x02, Technique.SYN), (0x01, Technique.FIN), (0x00, Technique.NULL), (0x29, Technique.XMAS)],
    ids=lambda value: value.name if isinstance(value, Technique) else "",
)
def test_a_scan_raises_exactly_one_alert(pair: tuple[Host, Host], flags: int, technique: Technique) -> None:
    here, there = pair
    probes = [
        bytes(
            ethernet(dst=here.mac)
            / ipv4(src=THERE, dst=HERE)
            / tcp(sport=45000, dport=port, flags=TcpFlags(flags))
        )
        for port in range(1, 301)
    ]
    raised: list[object] = []
    with monitored(here) as service:
        service.subscribe(lambda _, fresh: raised.extend(fresh))
        there.send(*mixed_frames(INBOUND))
        for start in range(0, 300, 100):
            there.send(*probes[start : start + 100])
            service.step()
        snapshot = until(service, lambda s: bool(s.alerts) and s.alerts[0].probes >= 300)
    (alert,) = snapshot.alerts
    assert len(raised) == 1
    assert (str(alert.source), str(alert.target)) == (THERE, HERE)
    assert (alert.technique, alert.kind) == (technique, ScanKind.VERTICAL)
    assert snapshot.losses.reports == 0


@pytest.mark.requires_tool("nmap")
@pytest.mark.parametrize(
    ("option", "technique"),
    [("-sS", Technique.SYN), ("-sF", Technique.FIN), ("-sX", Technique.XMAS), ("-f", Technique.FRAGMENTS)],
)
def test_nmap_is_found_and_its_option_named(
    pair: tuple[Host, Host], option: str, technique: Technique
) -> None:
    here, there = pair
    for host, address in ((here, HERE), (there, THERE)):
        host.run("ip", "address", "add", f"{address}/24", "dev", host.interface)
    with monitored(here) as service:
        there.run("nmap", "-n", "-Pn", option, "-p", "1-200", "--max-retries", "1", HERE)
        snapshot = until(service, lambda s: bool(s.alerts))
    (alert,) = snapshot.alerts
    assert (str(alert.source), alert.technique) == (THERE, technique)


def test_the_stored_rules_are_in_force_from_the_start_on(pair: tuple[Host, Host], tmp_path: Path) -> None:
    here, there = pair
    path = tmp_path / "lists.json"
    rule = Rule(ipaddress.ip_network("10.99.7.0/24"), RuleAction.BLOCK, "stored", "test", 1.0)
    save_rules(path, [rule])
    with monitored(here, list_file=path, control=tmp_path / "monitor.sock") as service:
        there.send(bytes(ethernet() / ipv4(src=THERE, dst=HERE) / udp()))
        snapshot = until(service, lambda s: s.received.packets >= 1)
        assert snapshot.dropped.packets == 1
        answer = request(
            tmp_path / "monitor.sock", {"command": "del", "action": "block", "network": "10.99.7.0/24"}
        )
        assert "no block rule any more" in str(answer["message"])
    assert load_rules(path) == []


def test_an_own_address_is_not_blocked(pair: tuple[Host, Host]) -> None:
    here, _ = pair
    here.run("ip", "address", "add", f"{HERE}/24", "dev", here.interface)
    rule = Rule(ipaddress.ip_network("10.99.7.0/24"), RuleAction.BLOCK, "", "test", 1.0)
    with monitored(here) as service:
        with pytest.raises(UsageError, match="an address of this machine"):
            service.add_rule(rule)
        service.add_rule(dataclasses.replace(rule, forced=True))


def test_at_its_end_nothing_is_left_on_the_interface(pair: tuple[Host, Host]) -> None:
    here, _ = pair
    for _ in range(2):
        with monitored(here):
            assert "xdp" in here.run("ip", "link", "show", here.interface)
        assert "xdp" not in here.run("ip", "link", "show", here.interface)


def test_a_second_monitor_on_the_interface_is_told_who_has_it(pair: tuple[Host, Host]) -> None:
    here, _ = pair
    with monitored(here):
        with pytest.raises(AlreadyAttachedError, match="monitor_ingress"):
            with monitored(here):
                pass


def test_an_interface_that_goes_away_is_a_state_and_no_failure(pair: tuple[Host, Host]) -> None:
    here, there = pair
    with monitored(here) as service:
        there.run("ip", "link", "del", there.interface)
        snapshot = service.step()
        assert snapshot.interfaces[0].link is None
        assert any("is gone" in notice for notice in snapshot.notices)


def test_interfaces_are_chosen_by_name(pair: tuple[Host, Host]) -> None:
    here, _ = pair
    with here.inside():
        assert choose_interfaces([here.interface, here.interface]) == (here.interface,)
        with pytest.raises(UsageError, match="no default route"):
            choose_interfaces([])
