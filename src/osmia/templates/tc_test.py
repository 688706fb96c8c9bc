"""The program as plain Python: no root, no kernel."""

import osmia
from osmia import TcAction, u64
from osmia.net import IPv4Address
from osmia.packets import arp, ethernet, ipv4, udp
from osmia.templates.tc import count_sent, sent

RECEIVER = IPv4Address("192.0.2.7")


def test_bytes_are_counted_by_destination() -> None:
    packet = bytes(ethernet() / ipv4(dst=RECEIVER) / udp(dport=53))
    with osmia.simulate(count_sent) as bpf:
        for _ in range(2):
            assert bpf[count_sent].run(packet).action == TcAction.OK
        assert dict(bpf[sent]) == {RECEIVER: u64(2 * len(packet))}


def test_what_is_not_ipv4_is_not_counted() -> None:
    with osmia.simulate(count_sent) as bpf:
        assert bpf[count_sent].run(ethernet() / arp()).action == TcAction.OK
        assert not bpf[sent]
