"""The examples whose results are the kernel's: SYN cookies, with real connections, and its clock."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import osmia
from examples import xdp_rate_limit, xdp_syn_cookie
from osmia import XdpAction, XdpFlags, be16, u64
from osmia.net import TcpFlags
from osmia.packets import ethernet, ipv4, tcp, udp
from tests.builders.network import Host, veth_pair

SERVICE, GATE = "192.0.2.1", "02:00:00:00:00:01"


def test_a_bucket_fills_in_the_kernel() -> None:
    program = xdp_rate_limit.rate_limit
    frame = bytes(ethernet() / ipv4() / udp())
    quick: dict[Any, Any] = {xdp_rate_limit.interval: u64(50_000_000), xdp_rate_limit.burst: u64(1)}
    with osmia.load(program, constants=quick) as bpf:
        assert bpf[program].run(frame).action == XdpAction.PASS
        seen, deadline = [XdpAction.PASS], time.monotonic() + 30
        while seen[-2:] != [XdpAction.DROP, XdpAction.PASS] and time.monotonic() < deadline:
            seen.append(bpf[program].run(frame).action)
    assert seen[-2:] == [XdpAction.DROP, XdpAction.PASS]


SYN_OPTIONS = bytes.fromhex("020405b4 0402080a 01020304 00000000 01030307")
CONSTANTS: dict[Any, Any] = {xdp_syn_cookie.port: be16(8080)}


def test_the_answer_to_a_syn() -> None:
    program = xdp_syn_cookie.answer_syn
    seen = set[int]()
    with osmia.load(program, constants=CONSTANTS) as bpf:
        bpf[xdp_syn_cookie.passed].value = u64(time.clock_gettime_ns(time.CLOCK_MONOTONIC) + 10**12)
        for sequence in (1, 0x0102_0304, 0xFFFF_FFFF):
            syn = tcp(sport=4000 + len(seen), dport=8080, sequence=sequence, options=SYN_OPTIONS)
            there = ethernet(src="02:00:00:00:00:07", dst=GATE) / ipv4(src="198.51.100.7", dst=SERVICE)
            run = bpf[program].run(bytes(there / syn))
            cookie = int.from_bytes(run.data[38:42], "big")
            answer = tcp(
                sport=8080,
                dport=4000 + len(seen),
                flags=TcpFlags.SYN | TcpFlags.ACK,
                sequence=cookie,
                acknowledgment=(sequence + 1) & 0xFFFF_FFFF,
                # The kernel's own sizes: the greatest one that is not above the client's.
                options=bytes.fromhex("020405b4"),
            )
            back = ethernet(src=GATE, dst="02:00:00:00:00:07") / ipv4(src=SERVICE, dst="198.51.100.7")
            assert run.action == XdpAction.TX
            assert run.data == bytes(back / answer)
            seen.add(cookie)
        assert len(seen) == 3
        assert bpf[xdp_syn_cookie.answered].value == 3


def echo(listener: socket.socket) -> None:
    """Give each connection back what it sends, until the listener is closed."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(10)
            connection.sendall(connection.recv(100))


def cookies(host: Host) -> tuple[int, int]:
    """SYN cookies that a host's kernel has sent, and has got back."""
    lines = host.run("cat", "/proc/net/netstat").splitlines()
    numbers = dict(zip(lines[0].split(), lines[1].split(), strict=True))
    return int(numbers["SyncookiesSent"]), int(numbers["SyncookiesRecv"])


def test_connections_from_syn_cookies() -> None:
    program = xdp_syn_cookie.answer_syn
    with veth_pair() as (client, server), osmia.load(program, constants=CONSTANTS) as bpf:
        for host, address in ((client, "10.7.0.1/24"), (server, "10.7.0.2/24")):
            host.run("ip", "address", "add", address, "dev", host.interface)
        with server.inside():
            Path("/proc/sys/net/ipv4/tcp_syncookies").write_text("2")
            bpf[program].attach(server.interface, flags=XdpFlags.SKB_MODE)
            listener = socket.create_server(("10.7.0.2", 8080))
        threading.Thread(target=echo, args=(listener,), daemon=True).start()
        made = 0
        try:
            while bpf[xdp_syn_cookie.answered].value < 20 and made < 200:
                with client.inside():
                    connection = socket.create_connection(("10.7.0.2", 8080), timeout=10)
                with connection:
                    connection.sendall(f"connection {made}".encode())
                    assert connection.recv(100) == f"connection {made}".encode()
                made += 1
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        sent, received = cookies(server)
        answered = int(bpf[xdp_syn_cookie.answered].value)
    assert answered >= 20
    assert received == made, "each connection came from a cookie"
    assert sent + answered == made, "the kernel's own, and those of the program"
