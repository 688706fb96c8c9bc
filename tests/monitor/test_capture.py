"""Captures of what passes, read back by scapy, with the verdict beside each frame."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scapy.utils import PcapNgReader

from osmia.errors import UnknownInterfaceError, UsageError
from osmia.monitor.capture.commands import CaptureRequest, capture
from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import RuleAction
from osmia.monitor.sessions import live_session
from osmia.packets import ethernet, ipv4, open_capture, tcp, udp, vlan
from tests.builders.network import Host, veth_pair

pytestmark = [pytest.mark.kernel, pytest.mark.requires_tool("ip")]

HERE, THERE, OTHER = "10.99.7.1", "10.99.7.2", "10.99.7.3"


@pytest.fixture
def pair() -> Iterator[tuple[Host, Host]]:
    with veth_pair() as hosts:
        yield hosts


def frames(host: Host) -> list[bytes]:
    """What comes in: of two sources, one of them tagged."""
    eth = ethernet(dst=host.mac)
    return [
        bytes(eth / ipv4(src=THERE, dst=HERE) / tcp(sport=4000, dport=443) / b"one"),
        bytes(eth / ipv4(src=OTHER, dst=HERE) / udp(sport=53, dport=9) / bytes(40)),
        bytes(eth / vlan(vlan_id=7) / ipv4(src=THERE, dst=HERE) / udp(sport=1, dport=443) / bytes(60)),
    ]


def captured(request: CaptureRequest, here: Host, there: Host, sent: list[bytes]) -> list[Any]:
    """The frames of a capture, as scapy reads them, while the other end sends until it has ended."""
    ended = threading.Event()

    def send() -> None:
        while not ended.wait(0.05):
            there.send(*sent)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        with here.inside():
            capture(request)
    finally:
        ended.set()
        sender.join()
    with PcapNgReader(str(request.file)) as reader:
        return list(reader)


def test_a_source_with_its_verdict(pair: tuple[Host, Host], tmp_path: Path) -> None:
    here, there = pair
    control = tmp_path / "monitor.sock"
    sent = frames(here)
    request = CaptureRequest(
        tmp_path / "out.pcapng", [here.interface], "src:10.99.7.2", frames=4, control=str(control)
    )
    with here.inside(), live_session([here.interface], control=control) as service:
        service.step()
        rule = Rule(ipaddress.ip_network(THERE), RuleAction.ALLOW, "a friend", "test", service.wall_clock())
        service.add_rule(rule)
        found = captured(request, here, there, sent)
    assert [bytes(packet) for packet in found[:2]] in ([sent[0], sent[2]], [sent[2], sent[0]])
    assert len(found) == 4
    for packet in found:
        assert "10.99.7.2 is allowed by 10.99.7.2/32 (a friend; test)" in str(packet.comment)
    with open_capture(request.file) as read:
        assert [frame.data for frame in read] == [bytes(packet) for packet in found]


def test_without_a_monitor_that_is_said(pair: tuple[Host, Host], tmp_path: Path) -> None:
    here, there = pair
    request = CaptureRequest(
        tmp_path / "out.pcapng",
        [here.interface],
        "proto:udp port:53",
        frames=1,
        control=str(tmp_path / "nobody.sock"),
    )
    (packet,) = captured(request, here, there, frames(here))
    assert bytes(packet) == frames(here)[1]
    assert "no monitor is running" in str(packet.comment)


def test_it_ends_at_its_size(
    pair: tuple[Host, Host], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = pair
    request = CaptureRequest(tmp_path / "out.pcapng", [here.interface], bytes=2000)
    captured(request, here, there, frames(here))
    assert 1000 < request.file.stat().st_size < 2400
    assert "has its 2000 bytes" in capsys.readouterr().err


def test_what_is_refused(pair: tuple[Host, Host], tmp_path: Path) -> None:
    here, _ = pair
    with here.inside():
        with pytest.raises(UnknownInterfaceError):
            capture(CaptureRequest(tmp_path / "out.pcapng", ["nosuch0"]))
        with pytest.raises(UsageError, match="no port"):
            capture(CaptureRequest(tmp_path / "out.pcapng", [here.interface], "port:many"))
        (tmp_path / "out.pcapng").write_text("kept")
        with pytest.raises(FileExistsError):
            capture(CaptureRequest(tmp_path / "out.pcapng", [here.interface], seconds=0.1))
    assert (tmp_path / "out.pcapng").read_text() == "kept"
