"""Traffic in which nobody scans, but much looks as if: the same at each run.

Each function gives frames in order of time, from `begin` (seconds) on. `HERE` is the monitored host.
"""

from __future__ import annotations

import heapq
import ipaddress
import random
from collections.abc import Callable, Iterator

from benchmarks.detection.frames import (
    ACK,
    FIN_ACK,
    PSH_ACK,
    RST,
    RST_ACK,
    SYN,
    SYN_ACK,
    tcp_frame,
    udp_frame,
)
from osmia.monitor.feed import CapturedFrame

HERE = "10.0.0.1"
RESOLVER = "10.0.0.53"
BEGIN = 1_767_225_600.0
"""2026-01-01."""

Frames = Iterator[CapturedFrame]
Scenario = Callable[[float, random.Random], Frames]


def connection(at: float, src: str, dst: str, sport: int, dport: int, trip: float, pages: int = 2) -> Frames:
    """A whole TCP connection."""
    there, back = (src, dst, sport, dport), (dst, src, dport, sport)
    yield tcp_frame(at, *there, SYN)
    yield tcp_frame(at + trip / 2, *back, SYN_ACK)
    yield tcp_frame(at + trip, *there, ACK)
    for page in range(pages):
        at += trip
        yield tcp_frame(at + 0.001 * page, *there, PSH_ACK, 300)
        yield tcp_frame(at + trip / 2 + 0.001 * page, *back, PSH_ACK, 1400)
    yield tcp_frame(at + trip * 2, *there, FIN_ACK)
    yield tcp_frame(at + trip * 2.5, *back, FIN_ACK)
    yield tcp_frame(at + trip * 3, *there, ACK)


def refused(at: float, src: str, dst: str, sport: int, dport: int) -> Frames:
    """A SYN that RST answers."""
    yield tcp_frame(at, src, dst, sport, dport, SYN)
    yield tcp_frame(at + 0.0002, dst, src, dport, sport, RST_ACK)


def unanswered(at: float, src: str, dst: str, sport: int, dport: int) -> Frames:
    """A SYN that nobody answers, tried three times."""
    for wait in (0.0, 1.0, 3.0):
        yield tcp_frame(at + wait, src, dst, sport, dport, SYN)


def in_order(*streams: Frames) -> Frames:
    """Several streams as one."""
    return heapq.merge(*streams, key=lambda frame: frame.timestamp_ns)


def browser(begin: float, chance: random.Random) -> Frames:
    """This host opens 400 connections to 60 servers within a minute, as a page with much on it does."""
    servers = [f"203.0.113.{n}" for n in range(1, 61)]
    streams = [
        connection(begin + chance.uniform(0, 60), HERE, chance.choice(servers), 33_000 + n, 443, 0.03, 4)
        for n in range(400)
    ]
    return in_order(*streams)


def name_server_replies(begin: float, chance: random.Random) -> Frames:
    """Replies to 500 ports: prompt ones, late ones, repeated ones; datagrams of QUIC beside them."""
    frames: list[CapturedFrame] = []
    for number in range(500):
        at, port = begin + number * 0.1, 40_000 + number
        frames.append(udp_frame(at, HERE, RESOLVER, port, 53))
        late = chance.choice([0.004, 0.004, 0.004, 2.0, 9.0])
        frames += [udp_frame(at + late + again, RESOLVER, HERE, 53, port, 120) for again in (0.0, 0.001)]
        if number % 5 == 0:
            frames.append(udp_frame(at, HERE, "203.0.113.200", port, 443, 1200))
            frames += [
                udp_frame(at + 0.02 + n / 1000, "203.0.113.200", HERE, 443, port, 1200) for n in range(5)
            ]
    return iter(sorted(frames, key=lambda frame: frame.timestamp_ns))


def gateway_of_many(begin: float, chance: random.Random) -> Frames:
    """64 clients behind one address, on six services; some keep asking for two that are gone."""
    streams: list[Frames] = []
    for number in range(1500):
        at, sport = begin + chance.uniform(0, 300), 1024 + number * 37 % 60_000
        if chance.random() < 0.05:
            streams.append(refused(at, "198.51.100.7", HERE, sport, chance.choice([8080, 21])))
        else:
            port = chance.choice([443, 443, 443, 80, 22, 25, 993, 587])
            streams.append(connection(at, "198.51.100.7", HERE, sport, port, 0.05))
    return in_order(*streams)


def passive_ftp(begin: float, chance: random.Random) -> Frames:
    """One client fetches 120 files, each from a port of its own."""
    control = connection(begin, "198.51.100.8", HERE, 50_000, 21, 0.02, 120)
    data = [
        connection(
            begin + 0.5 * n, "198.51.100.8", HERE, 50_001 + n, 49_152 + chance.randrange(16_000), 0.02, 3
        )
        for n in range(120)
    ]
    return in_order(control, *data)


def health_checker(begin: float, chance: random.Random) -> Frames:
    """20 services asked every 10 s for an hour, three of which are down."""
    streams: list[Frames] = []
    for turn in range(360):
        for service in range(20):
            at, sport = begin + turn * 10 + service * 0.01, 30_000 + (turn * 20 + service) % 30_000
            if service < 3:
                streams.append(refused(at, "198.51.100.9", HERE, sport, 8000 + service))
            else:
                streams.append(connection(at, "198.51.100.9", HERE, sport, 8000 + service, 0.002, 1))
    del chance
    return in_order(*streams)


def file_sharing(begin: float, chance: random.Random) -> Frames:
    """This host asks 600 peers, most of which are gone; peers ask this host, also after it has left."""
    streams: list[Frames] = []
    for number in range(600):
        peer = f"192.0.2.{1 + number % 250}"
        at = begin + chance.uniform(0, 120)
        port = chance.randrange(1024, 65_535)
        luck = chance.random()
        if luck < 0.5:
            streams.append(unanswered(at, HERE, peer, 20_000 + number, port))
        elif luck < 0.7:
            streams.append(refused(at, HERE, peer, 20_000 + number, port))
        else:
            streams.append(connection(at, HERE, peer, 20_000 + number, port, 0.1, 8))
        streams.append(iter([udp_frame(at, HERE, peer, 6881, port)]))
        asks = begin + chance.uniform(0, 600)
        sport = chance.randrange(1024, 65_535)
        if asks < begin + 200:
            streams.append(connection(asks, peer, HERE, sport, 6881, 0.1))
        else:
            streams.append(refused(asks, peer, HERE, sport, 6881))
        streams.append(iter([udp_frame(asks, peer, HERE, sport, 6881)]))
    return in_order(*streams)


def restarted_server(begin: float, chance: random.Random) -> Frames:
    """This host was started anew: 300 old clients, many of them of one gateway, go on and are reset."""
    streams: list[Frames] = []
    for number in range(300):
        client = "198.51.100.10" if number % 2 else f"198.51.100.{20 + number % 200}"
        at, sport = begin + chance.uniform(0, 30), 10_000 + number
        port = chance.choice([443, 443, 80, 25])
        flags = chance.choice([ACK, PSH_ACK, FIN_ACK])
        streams.append(
            iter(
                [
                    tcp_frame(at, client, HERE, sport, port, flags),
                    tcp_frame(at + 0.0002, HERE, client, port, sport, RST),
                ]
            )
        )
    return in_order(*streams)


def restarted_peer(begin: float, chance: random.Random) -> Frames:
    """A database was started anew, and resets the 200 connections that this host has to it."""
    streams: list[Frames] = []
    for number in range(200):
        at, port = begin + chance.uniform(0, 5), 40_000 + number
        data = tcp_frame(at, HERE, "10.0.0.5", port, 5432, PSH_ACK, 80)
        streams.append(iter([data, tcp_frame(at + 0.001, "10.0.0.5", HERE, 5432, port, RST)]))
    return in_order(*streams)


def idle_pool(begin: float, chance: random.Random) -> Frames:
    """A database asks over 100 connections, older than the monitor, whether this host is still there."""
    streams: list[Frames] = []
    for number in range(100):
        at, port = begin + chance.uniform(0, 20), 34_000 + number * 7
        ask = tcp_frame(at, "10.0.0.5", HERE, 5432, port, ACK)
        streams.append(iter([ask, tcp_frame(at + 0.001, HERE, "10.0.0.5", port, 5432, ACK)]))
    return in_order(*streams)


def flood(begin: float, chance: random.Random) -> Frames:
    """20,000 SYNs with forged sources to one port of this host, which answers those that it can."""
    for number in range(20_000):
        at = begin + number / 2000
        source = str(ipaddress.IPv4Address(chance.randrange(1 << 24, 224 << 24)))
        sport = chance.randrange(1024, 65_535)
        yield tcp_frame(at, source, HERE, sport, 443, SYN)
        if number % 4 == 0:
            yield tcp_frame(at + 0.0001, HERE, source, 443, sport, SYN_ACK)


def backscatter(begin: float, chance: random.Random) -> Frames:
    """Others are flooded in this host's name: their answers come here, to any port."""
    for number in range(5000):
        at, port = begin + number / 200, chance.randrange(1, 65_535)
        flags = chance.choice([SYN_ACK, RST, RST_ACK])
        yield tcp_frame(at, "203.0.113.99", HERE, 80, port, flags)
        if flags == SYN_ACK:
            yield tcp_frame(at + 0.0001, HERE, "203.0.113.99", port, 80, RST)


def telephony(begin: float, chance: random.Random) -> Frames:
    """An exchange holds 12 calls with this host, each on two ports of its own."""
    streams: list[Frames] = []
    for call in range(12):
        port = 16_384 + call * 2
        at = begin + chance.uniform(0, 20)
        frames: list[CapturedFrame] = []
        for packet in range(200):
            frames.append(udp_frame(at + packet * 0.02, "10.0.0.8", HERE, 20_000 + call, port, 172))
            frames.append(udp_frame(at + packet * 0.02 + 0.005, HERE, "10.0.0.8", port, 20_000 + call, 172))
        streams.append(iter(frames))
    return in_order(*streams)


def groups_and_traces(begin: float, chance: random.Random) -> Frames:
    """mDNS, SSDP, DHCP and NetBIOS to everyone, and a traceroute that ends here."""
    frames = [
        udp_frame(begin + n, f"10.0.0.{20 + n % 30}", group, port, port)
        for n in range(60)
        for group, port in (("224.0.0.251", 5353), ("239.255.255.250", 1900), ("255.255.255.255", 67))
    ]
    frames += [udp_frame(begin + n * 0.05, "198.51.100.11", HERE, 40_000 + n, 33_434 + n) for n in range(60)]
    del chance
    return iter(sorted(frames, key=lambda frame: frame.timestamp_ns))


SCENARIOS: tuple[tuple[str, Scenario], ...] = (
    ("a browser with 400 connections in a minute", browser),
    ("replies of name servers and QUIC to 500 ports", name_server_replies),
    ("a gateway with 64 clients", gateway_of_many),
    ("passive FTP, 120 files", passive_ftp),
    ("a health checker over 20 ports, 3 of them down", health_checker),
    ("file sharing: 600 peers, most of them gone", file_sharing),
    ("a server started anew: RST to 300 old clients", restarted_server),
    ("a peer started anew: RST to 200 ports", restarted_peer),
    ("keep-alives of 100 connections older than the monitor", idle_pool),
    ("a flood of 20,000 forged SYNs to one port", flood),
    ("backscatter to 5,000 ports", backscatter),
    ("telephony: 12 calls", telephony),
    ("multicast, broadcast and a traceroute", groups_and_traces),
)


def busy(connections: int, seconds: float) -> Frames:
    """So many connections of 200 clients in so many seconds: to measure how fast frames go through."""
    chance = random.Random(1)
    streams: list[Frames] = []
    for number in range(connections):
        client, sport = f"10.1.0.{1 + number % 200}", 1024 + number % 60_000
        streams.append(connection(BEGIN + chance.uniform(0, seconds), client, HERE, sport, 443, 0.02, 4))
    return in_order(*streams)


def day(clients: int, hours: float, seed: int = 1) -> Frames:
    """The clients of this host over a day: browsing, mail, mistakes, and all scenarios at some hour."""
    chance = random.Random(seed)
    streams = [
        _client(f"10.1.{n // 250}.{1 + n % 250}", hours, random.Random(chance.random()))
        for n in range(clients)
    ]
    for number, (_, scenario) in enumerate(SCENARIOS):
        begin = BEGIN + (number + 0.5) * hours * 3600 / len(SCENARIOS)
        streams.append(scenario(begin, random.Random(seed + number)))
    return in_order(*streams)


def _client(address: str, hours: float, chance: random.Random) -> Frames:
    """One client: sessions of a few connections, some of them to services that are not there."""
    at = BEGIN + chance.uniform(0, 900)
    wrong = chance.sample([21, 23, 139, 445, 631, 3389, 5000, 8080, 8443, 9100], 3)
    while at < BEGIN + hours * 3600:
        for _ in range(chance.randrange(1, 4)):
            sport = chance.randrange(1024, 65_535)
            if chance.random() < 0.04:
                tried = refused if chance.random() < 0.7 else unanswered
                yield from tried(at, address, HERE, sport, chance.choice(wrong))
                at += 3.0
            else:
                yield from connection(at, address, HERE, sport, chance.choice([443, 443, 993, 587, 22]), 0.01)
            if chance.random() < 0.3:
                yield udp_frame(at + 0.5, address, HERE, sport, 53)
                yield udp_frame(at + 0.503, HERE, address, 53, sport)
            at += 1.0
        at += chance.expovariate(1 / 600)
