"""The program as plain Python: no root, no kernel."""

import osmia
from osmia import XdpAction, u32, u64
from osmia.net import IPv4Address
from osmia.packets import arp, ethernet, ipv4, udp
from osmia.templates.xdp import blocked, packets, watch

SENDER = IPv4Address("192.0.2.7")


def test_packets_are_counted_by_source() -> None:
    with osmia.simulate(watch) as bpf:
        for _ in range(3):
            assert bpf[watch].run(ethernet() / ipv4(src=SENDER) / udp(dport=53)).action == XdpAction.PASS
        assert dict(bpf[packets]) == {SENDER: u64(3)}


def test_a_blocked_source_is_dropped() -> None:
    with osmia.simulate(watch) as bpf:
        bpf[blocked][SENDER] = u32(1)
        assert bpf[watch].run(ethernet() / ipv4(src=SENDER) / udp(dport=53)).action == XdpAction.DROP


def test_what_is_not_understood_passes() -> None:
    whole = bytes(ethernet() / ipv4(src=SENDER))
    with osmia.simulate(watch) as bpf:
        for packet in (whole[:10], whole[:20], bytes(ethernet() / arp())):
            assert bpf[watch].run(packet).action == XdpAction.PASS
        assert not bpf[packets]
