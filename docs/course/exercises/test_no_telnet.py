"""The exercise's test: plain Python, no root."""

import osmia
from no_telnet import no_telnet
from osmia import TcAction
from osmia.packets import arp, ethernet, ipv4, tcp, udp


def test_only_telnet_is_dropped() -> None:
    with osmia.simulate(no_telnet) as bpf:
        assert bpf[no_telnet].run(ethernet() / ipv4() / tcp(dport=23)).action == TcAction.SHOT
        for other in (tcp(dport=22), tcp(sport=23), udp(dport=23)):
            assert bpf[no_telnet].run(ethernet() / ipv4() / other).action == TcAction.OK
        assert bpf[no_telnet].run(ethernet() / arp()).action == TcAction.OK
