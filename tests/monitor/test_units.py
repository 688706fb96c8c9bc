"""Which counter of the interface equals which total: the table "Units" of docs/monitor.md."""

from __future__ import annotations

import ipaddress
import time

import pytest

from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import InterfaceMode, RuleAction
from osmia.monitor.sessions import live_session
from osmia.packets import ethernet, ipv4, udp
from tests.builders.network import veth_pair

PATIENCE = 10.0
ETHERNET_HEADER = 14


@pytest.mark.kernel
@pytest.mark.requires_tool("ip")
@pytest.mark.parametrize(
    ("mode", "left_out"),
    [(InterfaceMode.NATIVE, ETHERNET_HEADER), (InterfaceMode.GENERIC, 0)],
    ids=["native", "generic"],
)
def test_the_interfaces_own_counters(mode: InterfaceMode, left_out: int) -> None:
    with (
        veth_pair() as (here, there),
        here.inside(),
        live_session([here.interface], mode=mode) as service,
    ):
        service.add_rule(Rule(ipaddress.ip_network("10.9.9.9"), RuleAction.BLOCK, "", "test", 1.0))
        passed, dropped = (
            bytes(ethernet(dst=here.mac) / ipv4(src=source, dst="10.99.7.1") / udp(dport=9) / bytes(100))
            for source in ("10.99.7.2", "10.9.9.9")
        )
        there.send(*[passed] * 10, *[dropped] * 5)
        deadline = time.monotonic() + PATIENCE
        (interface,) = service.step().interfaces
        while interface.received.packets < 15 and time.monotonic() < deadline:
            time.sleep(0.05)
            (interface,) = service.step().interfaces
        link = interface.link
    assert link is not None
    assert (interface.received.packets, interface.dropped.packets) == (15, 5)
    assert link.received_packets == interface.received.packets
    assert link.received_bytes + 15 * left_out == interface.received.bytes == 15 * len(passed)
