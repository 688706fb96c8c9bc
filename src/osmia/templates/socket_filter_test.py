"""The program as plain Python: no root, no kernel."""

from typing import SupportsBytes

import osmia
from osmia import SocketFilterContext, u32
from osmia.packets import arp, ethernet, ipv4, udp
from osmia.templates.socket_filter import wanted


def kept(packet: SupportsBytes) -> u32:
    """How many bytes of a packet the socket gets."""
    return wanted(SocketFilterContext(bytearray(bytes(packet))))


def test_only_packets_of_the_source() -> None:
    packet = ethernet() / ipv4(src="192.0.2.7") / udp()
    with osmia.simulate(wanted):
        assert kept(packet) == len(bytes(packet))
        for other in (ethernet() / ipv4(src="192.0.2.8"), ethernet() / arp(), bytes(packet)[:20]):
            assert kept(other) == 0
