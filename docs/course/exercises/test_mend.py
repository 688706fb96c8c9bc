"""The exercise's test: plain Python, no root."""

import osmia
from mend import REST, arps, mend, rest
from osmia import u32, u64
from osmia.packets import arp, ethernet, ipv4


def test_arp_is_counted_and_the_rest_summed() -> None:
    other = bytes(ethernet() / ipv4())
    with osmia.simulate(mend) as bpf:
        for packet in (bytes(ethernet() / arp()), bytes(ethernet() / arp()), other, bytes(10)):
            bpf[mend].run(packet)
        assert dict(bpf[arps]) == {u32(0): u64(2)}
        assert bpf[rest][REST] == len(other) + 10
