"""The examples as plain Python: no rights, no kernel."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest

import osmia
from examples import tcp_connect, xdp_counter, xdp_firewall, xdp_pass
from osmia import (
    BtfTracepointContext,
    KprobeContext,
    MapFullError,
    XdpAction,
    be16,
    i32,
    kernel_address,
    u16,
    u32,
    u64,
)
from osmia.bpf.simulated import SimulatedTracing
from osmia.net import IPv4Address
from osmia.packets import arp, ethernet, icmp, ipv4, ipv6, tcp, udp, vlan


def test_xdp_pass_logs_a_line_for_each_packet(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "osmia.kernel"), osmia.simulate(xdp_pass.xdp_pass) as bpf:
        for packet in (ethernet() / ipv4() / icmp(), ethernet() / arp()):
            assert bpf[xdp_pass.xdp_pass].run(packet).action == XdpAction.PASS
    assert [record.message for record in caplog.records] == [
        "received a packet of 42 bytes",
        "received a packet of 42 bytes",
    ]


def test_xdp_counter_counts_each_source(caplog: pytest.LogCaptureFixture) -> None:
    program = xdp_counter.xdp_counter
    with caplog.at_level(logging.INFO, "osmia.kernel"), osmia.simulate(program) as bpf:
        for source, times in (("10.0.0.9", 3), ("192.0.2.77", 1)):
            for _ in range(times):
                result = bpf[program].run(ethernet() / ipv4(src=source) / udp())
                assert result.action == XdpAction.PASS
        assert dict(bpf[xdp_counter.packet_count].items()) == {
            IPv4Address("10.0.0.9"): u64(3),
            IPv4Address("192.0.2.77"): u64(1),
        }
    assert caplog.records[2].message == "packet from 10.0.0.9, count 3"
    assert caplog.records[3].message == "packet from 192.0.2.77, count 1"


def test_xdp_counter_passes_what_it_does_not_understand() -> None:
    program = xdp_counter.xdp_counter
    whole = bytes(ethernet() / ipv4() / udp())
    others: list[Any] = [
        b"",
        whole[:13],
        whole[:14],
        whole[:33],
        ethernet() / ipv6(),
        ethernet() / vlan() / ipv4(),
    ]
    with osmia.simulate(program) as bpf:
        for packet in others:
            assert bpf[program].run(packet).action == XdpAction.PASS
        assert len(bpf[xdp_counter.packet_count]) == 0


def test_xdp_counter_with_a_full_map_still_passes() -> None:
    program = xdp_counter.xdp_counter
    with osmia.simulate(program) as bpf:
        counts = bpf[xdp_counter.packet_count]
        for number in range(1024):
            counts[IPv4Address(number)] = u64(1)
        assert bpf[program].run(ethernet() / ipv4(src="10.0.0.9")).action == XdpAction.PASS
        assert IPv4Address("10.0.0.9") not in counts
        with pytest.raises(MapFullError):
            counts[IPv4Address("10.0.0.9")] = u64(1)


@pytest.mark.parametrize("inside", [tcp(), udp(dport=53), icmp()])
def test_xdp_firewall_drops_only_the_blocked_source(inside: Any) -> None:
    program = xdp_firewall.xdp_firewall
    with osmia.simulate(program) as bpf:
        blocked, other = IPv4Address("10.0.0.9"), IPv4Address("10.0.0.10")
        blocklist = bpf[xdp_firewall.blocklist]
        blocklist[blocked] = u32(1)
        assert bpf[program].run(ethernet() / ipv4(src=blocked) / inside).action == XdpAction.DROP
        assert bpf[program].run(ethernet() / ipv4(src=other, dst=blocked) / inside).action == XdpAction.PASS
        del blocklist[blocked]
        assert bpf[program].run(ethernet() / ipv4(src=blocked) / inside).action == XdpAction.PASS


def test_xdp_firewall_passes_what_it_does_not_understand() -> None:
    program = xdp_firewall.xdp_firewall
    with osmia.simulate(program) as bpf:
        bpf[xdp_firewall.blocklist][IPv4Address("10.0.0.9")] = u32(1)
        whole = bytes(ethernet() / ipv4(src="10.0.0.9"))
        for length in range(34):
            assert bpf[program].run(whole[:length]).action == XdpAction.PASS
        assert bpf[program].run(whole).action == XdpAction.DROP


def test_tcp_connect_tells_where_and_how_it_ended() -> None:
    sock = tcp_connect.Sock(
        common=tcp_connect.SockCommon(
            skc_family=u16(2), skc_daddr=IPv4Address("192.0.2.7"), skc_dport=be16(443)
        ),
        sk_err=i32(111),
    )
    other = tcp_connect.Sock(common=tcp_connect.SockCommon(skc_family=u16(10)))
    address = int(kernel_address(sock))
    with osmia.simulate(*tcp_connect.PROBES, tcp_connect.state_changes) as bpf:
        run(bpf, tcp_connect.connect_begins, KprobeContext((address,), pid=7, comm="curl"))
        run(bpf, tcp_connect.connect_ends, KprobeContext((address, 1)))
        run(bpf, tcp_connect.state_changes, BtfTracepointContext(sock, 7, 2, pid=8, comm="wget"))
        run(bpf, tcp_connect.state_changes, BtfTracepointContext(sock, 2, 7))
        run(bpf, tcp_connect.state_changes, BtfTracepointContext(other, 7, 2, pid=9))
        run(bpf, tcp_connect.state_changes, BtfTracepointContext(other, 2, 1))
        events = bpf[tcp_connect.connections].read(timeout=0)
        assert len(bpf[tcp_connect.attempts]) == 0
    seen = [(int(event.pid), str(event.comm), str(event.address), int(event.result)) for event in events]
    assert seen == [(7, "curl", "192.0.2.7", 0), (8, "wget", "192.0.2.7", 111)]
    assert {int(event.port) for event in events} == {443}


def run(bpf: osmia.Bpf, program: osmia.TracingProgram[Any], context: object) -> None:
    handle = cast("SimulatedTracing[Any]", bpf[program])
    assert handle.run(context) == 0
