"""The exercise's test: plain Python, no root."""

import osmia
from osmia import XdpAction
from osmia.net import TcpFlags
from osmia.packets import ethernet, ipv4, tcp
from scan_finder import find_scans, scans


def test_four_ports_are_a_scan() -> None:
    with osmia.simulate(find_scans) as bpf:
        for port in (22, 23, 22, 80, 22):
            send(bpf, "10.0.0.1", port)
        assert bpf[scans].read(timeout=0) == []
        for port in (443, 8080):
            send(bpf, "10.0.0.1", port)
        send(bpf, "10.0.0.2", 22)
        assert [str(scan.source) for scan in bpf[scans].read(timeout=0)] == ["10.0.0.1"]


def send(bpf: osmia.Bpf, source: str, port: int) -> None:
    packet = ethernet() / ipv4(src=source) / tcp(dport=port, flags=TcpFlags.SYN)
    assert bpf[find_scans].run(packet).action == XdpAction.PASS
