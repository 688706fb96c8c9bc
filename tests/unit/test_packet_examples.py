"""The examples that judge and answer packets, as plain Python and, where that may be, in the kernel."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import osmia
from examples import xdp_dns, xdp_load_balancer, xdp_rate_limit, xdp_syn_cookie
from osmia import Bpf, XdpAction, be16, u32, u64
from osmia.net import IPv4Address, MacAddress, TcpFlags
from osmia.packets import arp, ethernet, icmp, ipv4, ipv6, tcp, udp

Open = Callable[..., Bpf]
OPEN = [
    pytest.param(osmia.simulate, id="simulation"),
    pytest.param(osmia.load, id="kernel", marks=pytest.mark.kernel),
]
SERVICE, GATE = "192.0.2.1", "02:00:00:00:00:01"
SERVERS = [(f"10.0.0.{number}", f"02:00:00:00:00:1{number}") for number in range(3)]


@pytest.mark.parametrize("opened", OPEN)
def test_a_load_balancer_keeps_each_flow_at_one_server(opened: Open) -> None:
    program, servers = xdp_load_balancer.balance, xdp_load_balancer.servers
    constants: dict[Any, Any] = {
        xdp_load_balancer.service: IPv4Address(SERVICE),
        xdp_load_balancer.server_count: u32(len(SERVERS)),
    }
    used: Counter[str] = Counter()
    with opened(program, constants=constants) as bpf:
        for index, (address, mac) in enumerate(SERVERS):
            bpf[servers][index] = xdp_load_balancer.Server(
                address=IPv4Address(address), mac=MacAddress(mac), packets=u64(0)
            )
        for port in range(4000, 4100):
            flow = set[str]()
            for inside in (tcp(sport=port, dport=443), udp(sport=port, dport=53)):
                for payload in (b"", b"odd", bytes(range(256))):
                    ours = ethernet(dst=GATE) / ipv4(src="198.51.100.7", dst=SERVICE) / inside / payload
                    run = bpf[program].run(bytes(ours))
                    assert run.action == XdpAction.TX
                    chosen = dict(SERVERS)
                    address = str(IPv4Address.from_bytes(run.data[30:34]))
                    theirs = ethernet(src=GATE, dst=chosen[address]) / ipv4(src="198.51.100.7", dst=address)
                    assert run.data == bytes(theirs / inside / payload)
                    flow.add(address)
                    used[address] += 1
            assert len(flow) == 1, port
        assert [bpf[servers][index].packets for index in range(3)] == [
            used[address] for address, _ in SERVERS
        ]
    # A hash of 100 flows leaves no server without a good part of them.
    assert min(used.values()) > 600 / 3 / 2


@pytest.mark.parametrize("opened", OPEN)
def test_a_load_balancer_passes_what_is_not_for_the_service(opened: Open) -> None:
    program = xdp_load_balancer.balance
    with opened(program) as bpf:
        service = ethernet() / ipv4(dst=SERVICE)
        bpf[xdp_load_balancer.servers][0] = xdp_load_balancer.Server(
            address=IPv4Address("10.0.0.1"), mac=MacAddress(GATE), packets=u64(0)
        )
        whole = bytes(service / udp())
        others = [
            ethernet() / arp(),
            ethernet() / ipv6() / udp(),
            ethernet() / ipv4() / udp(),
            service / icmp(),
        ]
        for other in [*map(bytes, others), *(whole[:length] for length in range(14, len(whole)))]:
            run = bpf[program].run(other)
            assert (run.action, run.data) == (XdpAction.PASS, other)
        assert bpf[program].run(whole).action == XdpAction.TX
        silent = whole[:40] + bytes(2) + whole[42:]
        assert bpf[program].run(silent).data[40:42] == bytes(2), "no checksum stays none"


@pytest.mark.parametrize("opened", OPEN)
def test_a_rate_limit_for_each_source(opened: Open) -> None:
    program, buckets = xdp_rate_limit.rate_limit, xdp_rate_limit.buckets
    hour = u64(3_600_000_000_000)
    with opened(program, constants={xdp_rate_limit.interval: hour, xdp_rate_limit.burst: u64(5)}) as bpf:
        for source in ("198.51.100.1", "198.51.100.2"):
            frame = bytes(ethernet() / ipv4(src=source) / udp())
            actions = [bpf[program].run(frame).action for _ in range(8)]
            assert actions == [XdpAction.PASS] * 5 + [XdpAction.DROP] * 3
            assert bpf[buckets][IPv4Address(source)].dropped == 3
        for other in (ethernet() / arp(), ethernet() / ipv6() / udp()):
            assert {bpf[program].run(other).action for _ in range(8)} == {XdpAction.PASS}


def test_a_bucket_fills_at_its_rate() -> None:
    program = xdp_rate_limit.rate_limit
    frame = bytes(ethernet() / ipv4() / udp())
    second = 1_000_000_000
    with osmia.simulate(program, constants={xdp_rate_limit.burst: u64(10)}) as bpf:
        kernel = bpf.kernel
        kernel.tick_ns = 0
        passed: list[int] = []
        for wait in (0, second // 1000, 3 * second // 2000, second // 2000, second // 200, 60 * second):
            kernel.clock_ns += wait
            passed.append([bpf[program].run(frame).action for _ in range(20)].count(XdpAction.PASS))
    assert passed == [10, 1, 1, 1, 5, 10], "halves of tokens add up, and a long time fills it to the burst"


def question(name: bytes, *, count: int = 1, port: int = 53) -> bytes:
    """A packet that asks for an address."""
    message = b"\x12\x34\x01\x00" + count.to_bytes(2, "big") + bytes(6) + name + b"\0\1\0\1"
    return bytes(ethernet() / ipv4() / udp(dport=port) / message)


def labels(name: str) -> bytes:
    """A name as it lies in a packet."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


@pytest.mark.parametrize("opened", OPEN)
def test_dns_names(opened: Open) -> None:
    program, names = xdp_dns.dns, xdp_dns.DnsName
    longest = ".".join(["a" * 63, "b" * 63])
    with opened(program) as bpf:
        bpf[xdp_dns.blocked][names.from_bytes(b"ads.example")] = u64(1)
        for name, times in (("example", 1), ("www.Example.ORG", 2), (longest, 1), ("x.y.z.0-9", 1)):
            for _ in range(times):
                assert bpf[program].run(question(labels(name))).action == XdpAction.PASS
        for name, action in (
            ("ads.example", XdpAction.DROP),
            ("ADS.eXample", XdpAction.DROP),
            ("bads.example", XdpAction.PASS),
            ("ads.example.org", XdpAction.PASS),
            ("example", XdpAction.PASS),
        ):
            assert bpf[program].run(question(labels(name))).action == action
        assert {str(name): int(count) for name, count in bpf[xdp_dns.questions].items()} == {
            "example": 2,
            "www.example.org": 2,
            longest: 1,
            "x.y.z.0-9": 1,
            "ads.example": 2,
            "bads.example": 1,
            "ads.example.org": 1,
        }


@pytest.mark.parametrize("opened", OPEN)
def test_dns_passes_what_it_does_not_understand(opened: Open) -> None:
    program = xdp_dns.dns
    whole = question(labels("www.example.org"))
    others = [
        question(b"\0"),
        question(b"\xc0\x0c"),
        question(b"\3www\xc0\x0c"),
        question(b"\x40" + b"a" * 64 + b"\0"),
        question(labels(".".join(["a" * 63, "b" * 63, "c"]))),
        question(labels("example"), count=2),
        question(labels("example"), port=5353),
        bytes(ethernet() / ipv6() / udp(dport=53)),
        *(whole[:length] for length in range(14, len(whole) - 4)),
    ]
    with opened(program) as bpf:
        assert {bpf[program].run(other).action for other in others} == {XdpAction.PASS}
        assert len(bpf[xdp_dns.questions]) == 0


SYN_OPTIONS = bytes.fromhex("020405b4 0402080a 01020304 00000000 01030307")
CONSTANTS: dict[Any, Any] = {xdp_syn_cookie.port: be16(8080)}


@pytest.mark.parametrize("opened", OPEN)
def test_what_is_no_syn_for_the_port_goes_up(opened: Open) -> None:
    program = xdp_syn_cookie.answer_syn
    late = u64(time.clock_gettime_ns(time.CLOCK_MONOTONIC) + 10**12)
    others = [
        tcp(dport=8081, options=SYN_OPTIONS),
        tcp(dport=8080, options=SYN_OPTIONS, flags=TcpFlags.SYN | TcpFlags.ACK),
        tcp(dport=8080, options=SYN_OPTIONS, flags=TcpFlags.ACK),
        tcp(dport=8080, options=SYN_OPTIONS[4:]),
        tcp(dport=8080),
        udp(dport=8080),
    ]
    with opened(program, constants=CONSTANTS) as bpf:
        bpf[xdp_syn_cookie.passed].value = late
        for other in others:
            frame = bytes(ethernet() / ipv4() / other)
            run = bpf[program].run(frame)
            assert (run.action, run.data) == (XdpAction.PASS, frame)
        assert bpf[xdp_syn_cookie.answered].value == 0


def test_an_address_of_a_card_as_text() -> None:
    assert bytes(MacAddress("02:00:00:00:00:Fe")) == b"\2\0\0\0\0\xfe"
    assert MacAddress(str(MacAddress("02:00:00:00:00:fe"))) == MacAddress("02:00:00:00:00:fe")
    for text in ("", "02:00:00:00:00", "02:00:00:00:00:0g", "02-00-00-00-00-01", "02:00:00:00:00:01\n"):
        with pytest.raises(ValueError, match="is no Ethernet address"):
            MacAddress(text)
