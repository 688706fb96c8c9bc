"""The exercise's test: plain Python, no root."""

import osmia
import pytest
from networks import networks, rules
from osmia import XdpAction, u32
from osmia.net import IPv4Address
from osmia.packets import ethernet, ipv4


@pytest.mark.parametrize(
    ("source", "action"),
    [
        ("10.9.9.9", XdpAction.DROP),
        ("10.1.2.3", XdpAction.PASS),
        ("10.1.2.4", XdpAction.DROP),
        ("192.0.2.7", XdpAction.PASS),
    ],
)
def test_the_longest_prefix_decides(source: str, action: XdpAction) -> None:
    with osmia.simulate(networks) as bpf:
        for address, length, rule in (("10.0.0.0", 8, 1), ("10.1.0.0", 16, 0), ("10.1.2.4", 32, 1)):
            bpf[rules][(IPv4Address(address), length)] = u32(rule)
        assert bpf[networks].run(ethernet() / ipv4(src=source)).action == action
