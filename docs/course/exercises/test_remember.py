"""The exercise's test: plain Python, no root."""

import osmia
from osmia.net import IPv4Address
from osmia.packets import ethernet, ipv4
from remember import last_seen, remember


def test_the_latest_are_remembered() -> None:
    with osmia.simulate(remember) as bpf:
        for number in range(400):
            bpf[remember].run(ethernet() / ipv4(src=f"10.0.{number // 256}.{number % 256}"))
        assert len(bpf[last_seen]) <= 256
        assert IPv4Address("10.0.1.143") in bpf[last_seen]
        assert IPv4Address("10.0.0.0") not in bpf[last_seen]


def test_times_grow() -> None:
    with osmia.simulate(remember) as bpf:
        for source in ("10.0.0.1", "10.0.0.2"):
            bpf[remember].run(ethernet() / ipv4(src=source))
        first, second = (bpf[last_seen][IPv4Address(f"10.0.0.{last}")] for last in (1, 2))
        assert 0 < first <= second
