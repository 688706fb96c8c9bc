"""The monitor's kernel functions as plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, SupportsIndex

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import osmia
from osmia import XdpAction, u32, u64
from osmia.monitor import kernel
from osmia.monitor.addresses import address_from_kernel, network_from_text, prefix_for_kernel
from osmia.monitor.records import ConnectionKey, ProbeKind, Reason, RuleHits, ScanCell
from osmia.net import IPv6Address, TcpFlags
from osmia.packets import Layers, arp, ethernet, hop_by_hop, ipv4, ipv6, tcp, udp, vlan
from tests.monitor.mixed_frames import INBOUND, OUTBOUND, mixed_frames, scapy_sums

SECOND = 1_000_000_000
INTERFACE = 3


@pytest.fixture
def bpf() -> Iterator[osmia.SimulatedBpf]:
    programs = kernel.monitor_ingress, kernel.monitor_egress
    with osmia.simulate(*programs, constants={kernel.SET_CLOCK: True}) as simulated:
        simulated[kernel.clock][0] = u64(SECOND)
        yield simulated


def numbers(*values: SupportsIndex) -> tuple[int, ...]:
    return tuple(value.__index__() for value in values)


def receive(bpf: osmia.Bpf, frame: bytes | Layers) -> XdpAction:
    return bpf[kernel.monitor_ingress].run(bytes(frame), ingress_ifindex=INTERFACE).action


def reason_count(bpf: osmia.Bpf, reason: Reason) -> int:
    return bpf[kernel.reasons][reason].sum()


def cell_of(bpf: osmia.Bpf, source: str) -> ScanCell | None:
    return bpf[kernel.scan_cells].get(prefix_for_kernel(network_from_text(source))[0])


def probe(flags: int, port: int = 80, src: str = "10.0.0.9") -> Layers:
    return ethernet() / ipv4(src=src, dst="10.0.0.1") / tcp(sport=4000, dport=port, flags=TcpFlags(flags))


def ends(key: ConnectionKey, *, outbound: bool) -> tuple[str, int, str, int, int]:
    local = str(address_from_kernel(bytes(key.local_addr)))
    remote = str(address_from_kernel(bytes(key.remote_addr)))
    here, there = (local, int(key.local_port)), (remote, int(key.remote_port))
    return (*here, *there, int(key.protocol)) if outbound else (*there, *here, int(key.protocol))


def test_what_comes_in_is_summed_as_scapy_sums_it(bpf: osmia.SimulatedBpf) -> None:
    frames = mixed_frames(INBOUND)
    for frame, processor in zip(frames, itertools.cycle(range(4)), strict=False):
        bpf.kernel.processor = processor
        assert receive(bpf, frame) == XdpAction.PASS
    sums = scapy_sums(frames)
    sources = {
        str(address_from_kernel(bytes(address))): (
            sum(int(value.packets) for value in values),
            sum(int(value.bytes) for value in values),
        )
        for address, values in bpf[kernel.sources].items()
    }
    assert sources == {
        source: (count, sums.source_bytes[source]) for source, count in sums.source_packets.items()
    }
    connections = {
        ends(key, outbound=False): (int(value.received_packets), int(value.received_bytes))
        for key, value in bpf[kernel.connections].items()
    }
    assert connections == {
        end: (count, sums.connection_bytes[end]) for end, count in sums.connection_packets.items()
    }
    totals = list(bpf[kernel.totals][INTERFACE])
    assert sum(int(total.received_packets) for total in totals) == len(frames)
    assert sum(int(total.received_bytes) for total in totals) == sum(map(len, frames))


def test_what_goes_out_is_summed_as_scapy_sums_it(bpf: osmia.SimulatedBpf) -> None:
    frames = mixed_frames(OUTBOUND)
    for frame in frames:
        assert bpf[kernel.monitor_egress].run(frame, ifindex=INTERFACE).action == osmia.TcAction.NEXT
    sums = scapy_sums(frames)
    connections = {
        ends(key, outbound=True): (int(value.sent_packets), int(value.sent_bytes))
        for key, value in bpf[kernel.connections].items()
    }
    assert connections == {
        end: (count, sums.connection_bytes[end]) for end, count in sums.connection_packets.items()
    }
    assert len(bpf[kernel.sources]) == 0


def test_a_super_packet_counts_as_its_segments(bpf: osmia.SimulatedBpf) -> None:
    frame = bytes(ethernet() / ipv4() / tcp() / bytes(3000))
    bpf[kernel.monitor_egress].run(frame, ifindex=INTERFACE, wire_length=3162, gso_segments=3)
    total = bpf[kernel.totals][INTERFACE][0]
    assert numbers(total.sent_packets, total.sent_bytes) == (3, 3162)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (bytes(ethernet() / arp()), Reason.NOT_IP),
        (
            bytes(ethernet() / vlan(vlan_id=1) / vlan(vlan_id=2) / vlan(vlan_id=3) / ipv4() / udp()),
            Reason.VLAN_TAGS,
        ),
        (bytes(ethernet() / ipv4() / udp())[:20], Reason.TRUNCATED),
        (bytes(ethernet() / ipv4(total_length=10) / udp()), Reason.MALFORMED_IP),
        (bytes(ethernet() / ipv4(total_length=24) / udp()), Reason.SHORT_TRANSPORT),
        (bytes(ethernet() / ipv4(total_length=34) / tcp()), Reason.SHORT_TRANSPORT),
        (bytes(ethernet() / ipv4(total_length=28, more_fragments=True) / tcp()), Reason.TINY_FRAGMENT),
        (bytes(ethernet() / ipv4(fragment_offset=10) / udp()), Reason.LATER_FRAGMENT),
        (bytes(ethernet() / ipv6(payload_length=4) / hop_by_hop() / udp()), Reason.EXTENSION_HEADERS),
        (
            bytes(
                ethernet()
                / ipv6()
                / hop_by_hop()
                / hop_by_hop()
                / hop_by_hop()
                / hop_by_hop()
                / hop_by_hop()
                / hop_by_hop()
                / hop_by_hop()
                / udp()
            ),
            Reason.EXTENSION_HEADERS,
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Reason) else "",
)
def test_what_is_not_understood_passes_and_is_counted(
    bpf: osmia.SimulatedBpf, frame: bytes, reason: Reason
) -> None:
    assert receive(bpf, frame) == XdpAction.PASS
    assert reason_count(bpf, reason) == 1
    assert sum(reason_count(bpf, other) for other in Reason if other < Reason.SOURCE_ADDED) == 1
    assert bpf[kernel.totals][INTERFACE][0].received_packets == 1
    assert len(bpf[kernel.sources]) == (0 if reason >= Reason.NOT_IP else 1)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_frame_is_dropped_or_lost_for_its_content(bpf: osmia.SimulatedBpf, data: st.DataObject) -> None:
    frame = bytearray(data.draw(st.sampled_from(mixed_frames(INBOUND))))
    for position in data.draw(st.lists(st.integers(12, 80), max_size=6)):
        if position < len(frame):
            frame[position] = data.draw(st.integers(0, 255))
    frame = frame[: data.draw(st.integers(0, len(frame)))]
    before = int(bpf[kernel.totals][INTERFACE][0].received_bytes)
    assert receive(bpf, bytes(frame)) == XdpAction.PASS
    assert int(bpf[kernel.totals][INTERFACE][0].received_bytes) == before + len(frame)


def put_rule(bpf: osmia.Bpf, network: str, number: int) -> None:
    bpf[kernel.rule_hits][u32(number)] = [RuleHits(packets=u64(0), bytes=u64(0))] * 4
    bpf[kernel.blocked][prefix_for_kernel(network_from_text(network))] = u32(number)


@pytest.mark.parametrize(("network", "source"), [("10.0.0.0/24", "10.0.0.9"), ("10.0.0.9", "10.0.0.9")])
def test_a_blocked_source_is_dropped_and_counted(bpf: osmia.SimulatedBpf, network: str, source: str) -> None:
    put_rule(bpf, network, 7)
    frame = bytes(probe(0x10, src=source))
    assert receive(bpf, frame) == XdpAction.DROP
    assert receive(bpf, probe(0x10, src="10.0.1.9")) == XdpAction.PASS
    total = bpf[kernel.totals][INTERFACE][0]
    assert numbers(total.received_packets, total.dropped_packets, total.dropped_bytes) == (2, 1, len(frame))
    hits = bpf[kernel.rule_hits][u32(7)][0]
    assert numbers(hits.packets, hits.bytes) == (1, len(frame))
    blocked = bpf[kernel.sources][prefix_for_kernel(network_from_text(source))[0]][0]
    assert numbers(blocked.packets, blocked.blocked_packets) == (1, 1)
    assert len(bpf[kernel.connections]) == 1


def test_an_ipv6_network_is_blocked(bpf: osmia.SimulatedBpf) -> None:
    put_rule(bpf, "2001:db8:bad::/48", 1)
    frame = ethernet() / ipv6(src="2001:db8:bad:1::5") / udp()
    assert receive(bpf, frame) == XdpAction.DROP
    assert receive(bpf, ethernet() / ipv6(src="2001:db8:bac::5") / udp()) == XdpAction.PASS


def test_a_rule_for_all_of_ipv4_leaves_ipv6_alone(bpf: osmia.SimulatedBpf) -> None:
    put_rule(bpf, "0.0.0.0/0", 1)
    assert receive(bpf, ethernet() / ipv4() / udp()) == XdpAction.DROP
    assert receive(bpf, ethernet() / ipv6() / udp()) == XdpAction.PASS


def test_the_allow_list_wins(bpf: osmia.SimulatedBpf) -> None:
    put_rule(bpf, "10.0.0.0/8", 1)
    bpf[kernel.allowed][prefix_for_kernel(network_from_text("10.0.0.9"))] = u32(2)
    assert receive(bpf, probe(0x02)) == XdpAction.PASS
    assert receive(bpf, probe(0x02, src="10.0.0.8")) == XdpAction.DROP


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        (0x02, ProbeKind.SYN),
        (0xC2, ProbeKind.SYN),
        (0x01, ProbeKind.FIN),
        (0x00, ProbeKind.NULL),
        (0x29, ProbeKind.XMAS),
        (0x2B, ProbeKind.ODD),
        (0x20, ProbeKind.ODD),
    ],
)
def test_probes_are_told_apart_by_their_flags(bpf: osmia.SimulatedBpf, flags: int, kind: ProbeKind) -> None:
    receive(bpf, probe(flags))
    cell = cell_of(bpf, "10.0.0.9")
    assert cell is not None
    assert [int(count) for count in cell.counts] == [int(index == kind) for index in range(16)]


@pytest.mark.parametrize("flags", [0x12, 0x18, 0x04, 0x14, 0x30])
def test_replies_and_data_are_no_probes(bpf: osmia.SimulatedBpf, flags: int) -> None:
    receive(bpf, probe(flags))
    assert cell_of(bpf, "10.0.0.9") is None


def test_the_padding_of_a_short_frame_is_no_null_scan(bpf: osmia.SimulatedBpf) -> None:
    short = bytes(ethernet() / ipv4(src="10.0.0.9", total_length=28) / tcp(flags=TcpFlags.ACK))[:42]
    receive(bpf, short.ljust(60, b"\0"))
    assert reason_count(bpf, Reason.SHORT_TRANSPORT) == 1
    assert cell_of(bpf, "10.0.0.9") is None


def test_tiny_first_fragments_are_probes_with_their_ports(bpf: osmia.SimulatedBpf) -> None:
    header = ipv4(src="10.0.0.9", dst="10.0.0.1", total_length=28, more_fragments=True)
    receive(bpf, bytes(ethernet() / header / tcp(sport=4000, dport=8443))[:42])
    cell = cell_of(bpf, "10.0.0.9")
    assert cell is not None
    assert cell.counts[6] == 1
    assert int(cell.ports[0]) == 8443


def test_a_scan_is_reported_from_the_threshold_on_and_once_a_second(bpf: osmia.SimulatedBpf) -> None:
    reports = bpf[kernel.probe_reports]
    for port in range(1, 8):
        receive(bpf, probe(0x02, port))
    assert reports.read(0) == []
    for port in range(8, 200):
        receive(bpf, probe(0x02, port))
    (report,) = reports.read(0)
    assert report.distinct == 8
    bpf[kernel.clock][0] = u64(2 * SECOND)
    receive(bpf, probe(0x02, 200))
    receive(bpf, probe(0x02, 201))
    (report,) = reports.read(0)
    assert report.probes == 200
    assert address_from_kernel(bytes(report.source)) == network_from_text("10.0.0.9").network_address
    assert address_from_kernel(bytes(report.last_target)) == network_from_text("10.0.0.1").network_address


def test_many_connections_to_one_port_are_no_scan(bpf: osmia.SimulatedBpf) -> None:
    for source_port in range(300):
        receive(bpf, ethernet() / ipv4(src="10.0.0.9") / tcp(sport=2000 + source_port, dport=443))
    assert bpf[kernel.probe_reports].read(0) == []
    cell = cell_of(bpf, "10.0.0.9")
    assert cell is not None
    assert numbers(cell.probes, cell.distinct) == (300, 1)


def test_odd_packets_are_reported_sooner(bpf: osmia.SimulatedBpf) -> None:
    for _ in range(3):
        receive(bpf, probe(0x29))
    assert len(bpf[kernel.probe_reports].read(0)) == 1


def test_an_allowed_scanner_is_not_reported(bpf: osmia.SimulatedBpf) -> None:
    bpf[kernel.allowed][prefix_for_kernel(network_from_text("10.0.0.0/24"))] = u32(1)
    for port in range(100):
        receive(bpf, probe(0x02, port))
    assert bpf[kernel.probe_reports].read(0) == []


def test_a_window_begins_anew_after_its_time(bpf: osmia.SimulatedBpf) -> None:
    for port in range(7):
        receive(bpf, probe(0x02, port))
    bpf[kernel.clock][0] = u64(61 * SECOND)
    receive(bpf, probe(0x02, 7))
    cell = cell_of(bpf, "10.0.0.9")
    assert cell is not None
    assert numbers(cell.probes, cell.distinct, cell.window_start) == (1, 1, 61 * SECOND)


def test_constants_set_the_thresholds() -> None:
    constants: dict[osmia.Constant[Any], Any] = {kernel.SET_CLOCK: True, kernel.REPORT_TARGETS: u32(2)}
    with osmia.simulate(kernel.monitor_ingress, constants=constants) as simulated:
        for port in (1, 2):
            receive(simulated, probe(0x02, port))
        assert len(simulated[kernel.probe_reports].read(0)) == 1


def test_flags_of_both_directions_are_kept(bpf: osmia.SimulatedBpf) -> None:
    receive(bpf, probe(0x02))
    receive(bpf, probe(0x10))
    answer = (
        ethernet() / ipv4(src="10.0.0.1", dst="10.0.0.9") / tcp(sport=80, dport=4000, flags=TcpFlags(0x12))
    )
    bpf[kernel.monitor_egress].run(answer, ifindex=INTERFACE)
    ((key, connection),) = bpf[kernel.connections].items()
    assert numbers(connection.received_flags, connection.sent_flags) == (0x12, 0x12)
    assert numbers(connection.received_packets, connection.sent_packets) == (2, 1)
    assert isinstance(key.local_addr, IPv6Address)
