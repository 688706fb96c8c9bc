"""A capture that osmia makes itself: a small server's traffic and a port scan, the same at each run."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator

from osmia.monitor.feed import CapturedFrame
from osmia.monitor.records import CaptureWay
from osmia.net import TcpFlags
from osmia.packets import Layers, ethernet, icmp, ipv4, ipv6, tcp, udp, vlan

__all__ = ["SCANNER", "SERVER", "SERVER_V6", "generated_traffic"]

SERVER = "10.99.0.1"
SERVER_V6 = "2001:db8:99::1"
SCANNER = "203.0.113.66"
START_NS = 1_767_225_600_000_000_000
"""2026-01-01, so that a picture of it is always the same."""

SCAN_AFTER = 3.0
SCAN_PORTS = 120
SCAN_EVERY = 180.0
CLIENTS = 8
SYN, ACK, PSH_ACK, FIN_ACK, SYN_ACK, RST_ACK = (TcpFlags(n) for n in (0x02, 0x10, 0x18, 0x11, 0x12, 0x14))

Step = tuple[float, bool, Layers]
"""Seconds since the start, whether the server sends it, the packet."""


def generated_traffic(seconds: float | None = None, *, seed: int = 1) -> Iterator[CapturedFrame]:
    """Frames in order of time; None for traffic without end."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible picture, no secret
    streams = [_web_client(f"198.51.100.{20 + n}", random.Random(chance.random())) for n in range(CLIENTS)]  # noqa: S311
    streams += [
        _v6_client(random.Random(chance.random())),  # noqa: S311
        _name_queries(random.Random(chance.random())),  # noqa: S311
        _pings(),
        _scan(),
    ]
    for at, outbound, packet in heapq.merge(*streams, key=lambda step: step[0]):
        if seconds is not None and at > seconds:
            return
        data = bytes(packet).ljust(60, b"\0")
        way = CaptureWay.SENT if outbound else CaptureWay.RECEIVED
        yield CapturedFrame(START_NS + round(at * 1e9), data, len(data), way)


def _web_client(client: str, chance: random.Random) -> Iterator[Step]:
    """A browser: a connection now and then, a request, a page of some size."""
    at = chance.uniform(0.0, 1.5)
    while True:
        yield from _download(at, client, chance.randrange(32768, 60999), 443, chance.randrange(2, 24), chance)
        at += chance.uniform(0.8, 3.0)


def _download(
    at: float, client: str, port: int, server_port: int, segments: int, chance: random.Random
) -> Iterator[Step]:
    def comes(flags: TcpFlags, content: bytes = b"") -> Layers:
        return (
            ethernet()
            / ipv4(src=client, dst=SERVER)
            / tcp(sport=port, dport=server_port, flags=flags)
            / content
        )

    def goes(flags: TcpFlags, content: bytes = b"") -> Layers:
        return (
            ethernet()
            / ipv4(src=SERVER, dst=client)
            / tcp(sport=server_port, dport=port, flags=flags)
            / content
        )

    trip = chance.uniform(0.004, 0.02)
    yield at, False, comes(SYN)
    yield at + 0.0001, True, goes(SYN_ACK)
    yield at + trip, False, comes(ACK)
    yield at + trip, False, comes(PSH_ACK, bytes(chance.randrange(120, 600)))
    at += trip
    for _ in range(segments):
        at += 0.001
        yield at, True, goes(PSH_ACK, bytes(1400))
        yield at, False, comes(ACK)
    yield at + trip, False, comes(FIN_ACK)
    yield at + trip, True, goes(FIN_ACK)
    yield at + 2 * trip, False, comes(ACK)


def _v6_client(chance: random.Random) -> Iterator[Step]:
    """Messages over IPv6 in a VLAN, both ways."""
    outer = ethernet() / vlan(vlan_id=42)
    client = "2001:db8:7::5"
    at = 0.2
    while True:
        yield at, False, outer / ipv6(src=client, dst=SERVER_V6) / udp(sport=4433, dport=4433) / bytes(300)
        yield (
            at + 0.01,
            True,
            outer / ipv6(src=SERVER_V6, dst=client) / udp(sport=4433, dport=4433) / bytes(900),
        )
        at += chance.uniform(0.05, 0.2)


def _name_queries(chance: random.Random) -> Iterator[Step]:
    """The server asks its name server."""
    resolver = "10.99.0.53"
    at = 0.1
    while True:
        port = chance.randrange(32768, 60999)
        yield at, True, ethernet() / ipv4(src=SERVER, dst=resolver) / udp(sport=port, dport=53) / bytes(40)
        yield (
            at + 0.003,
            False,
            ethernet() / ipv4(src=resolver, dst=SERVER) / udp(sport=53, dport=port) / bytes(120),
        )
        at += chance.uniform(0.3, 1.2)


def _pings() -> Iterator[Step]:
    """Somebody measures the way."""
    client, at, number = "192.0.2.9", 0.5, 0
    while True:
        number += 1
        yield (
            at,
            False,
            ethernet() / ipv4(src=client, dst=SERVER) / icmp(type=8, rest=number & 0xFFFF) / bytes(56),
        )
        yield (
            at + 0.0002,
            True,
            ethernet() / ipv4(src=SERVER, dst=client) / icmp(type=0, rest=number & 0xFFFF) / bytes(56),
        )
        at += 1.0


def _scan() -> Iterator[Step]:
    """A SYN scan, answered by RST; again after some minutes."""
    begin = SCAN_AFTER
    while True:
        for step in range(SCAN_PORTS):
            at, port = begin + step * 0.01, 1 + step * 7
            probe = ethernet() / ipv4(src=SCANNER, dst=SERVER) / tcp(sport=45000, dport=port, flags=SYN)
            answer = ethernet() / ipv4(src=SERVER, dst=SCANNER) / tcp(sport=port, dport=45000, flags=RST_ACK)
            yield at, False, probe
            yield at + 0.0001, True, answer
        begin += SCAN_EVERY
