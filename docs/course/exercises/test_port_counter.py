"""The exercise's test: plain Python, no root."""

import osmia
from osmia import XdpAction, be16, u64
from osmia.packets import arp, ethernet, ipv4, tcp, udp
from port_counter import port_counter, ports


def test_udp_is_counted_by_port() -> None:
    whole = bytes(ethernet() / ipv4() / udp(dport=53))
    others = [bytes(ethernet() / ipv4() / tcp(dport=53)), bytes(ethernet() / arp()), whole[:36], whole[:20]]
    packets = [whole, whole, bytes(ethernet() / ipv4() / udp(dport=123)), *others]
    with osmia.simulate(port_counter) as bpf:
        for packet in packets:
            assert bpf[port_counter].run(packet).action == XdpAction.PASS
        assert dict(bpf[ports]) == {be16(53): u64(2), be16(123): u64(1)}
