"""Each example as its page says: it is started, sees what happens, prints it, and Ctrl-C ends it."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from osmia.packets import ethernet, ipv4, tcp, udp
from tests.builders.network import Host, veth_pair

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "examples" / "README.md").read_text()
OUTPUTS = {
    section.split("\n", 1)[0]: output
    for section in PAGE.split("\n### ")
    for output in re.findall(r"```text\n(.*?)```", section, re.DOTALL)
}
WAIT = 40
"""Seconds."""
SERVERS = ("10.0.0.7=02:00:00:00:00:07", "10.0.0.8=02:00:00:00:00:08")
DNS = b"\x12\x34\x01\x00\0\1" + bytes(6) + b"%s\0\0\1\0\1"
SYN = tcp(dport=443, options=bytes.fromhex("020405b4"))


def shape(line: str) -> str:
    """A line without what differs from run to run: numbers, names and the width of columns."""
    return re.sub(r"\s+", " ", re.sub(r"\d+(\.\d+)?", "0", line)).strip()


def cause() -> None:
    """Open a file, start a process, connect, wait for a processor, write to a disk."""
    subprocess.run(["/bin/true"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        server.accept()[0].close()
    Path("/etc/hostname").read_bytes()


def run(command: Sequence[str], happen: Callable[[], None], done: Callable[[str], bool]) -> str:
    """What an example prints until `done` says that it is enough, and after the Ctrl-C that ends it."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        seen, deadline = "", time.monotonic() + WAIT
        while not done(seen) and process.poll() is None and time.monotonic() < deadline:
            happen()
            if select.select([process.stdout], [], [], 0.1)[0]:
                seen += os.read(process.stdout.fileno(), 1 << 16).decode(errors="replace")
        process.send_signal(signal.SIGINT)
        try:
            rest, errors = process.communicate(timeout=WAIT)
        finally:
            process.kill()
    assert process.returncode == 0, errors.decode()
    assert "Traceback" not in errors.decode()
    return seen + rest.decode(errors="replace")


def has(line: str) -> Callable[[str], bool]:
    """Whether a line of that shape is in a text, with its end: a Ctrl-C may come before that is written."""
    return lambda text: line in map(shape, text.split("\n")[:-1])


def line_of_page(name: str, number: int) -> str:
    """The shape of a line of the output that the page shows."""
    return shape(OUTPUTS[name].splitlines()[number])


@pytest.mark.parametrize(
    "name", ["biolatency", "execsnoop", "opensnoop", "runqlat", "tcp_connect", "tcplife", "trace_syscall"]
)
def test_a_tracing_example(name: str) -> None:
    # trace_syscall starts its table with an empty line.
    header = next(shape(line) for line in OUTPUTS[name].splitlines() if line)
    seen = run([sys.executable, f"examples/{name}.py"], cause, has(header))
    assert has(header)(seen), seen


def question(name: bytes) -> bytes:
    """A packet that asks for an address."""
    return bytes(ethernet() / ipv4(src="198.51.100.7") / udp(dport=53) / (DNS % name))


XDP: dict[str, tuple[tuple[str, ...], list[bytes]]] = {
    "xdp_counter": ((), [bytes(ethernet() / ipv4(src="198.51.100.7") / udp())]),
    "xdp_dns": (("ads.example",), [question(b"\3www\7example"), question(b"\3ads\7example")]),
    "xdp_load_balancer": (
        ("192.0.2.1", *SERVERS),
        [bytes(ethernet() / ipv4(dst="192.0.2.1") / udp(sport=4000 + port)) for port in range(20)],
    ),
    "xdp_rate_limit": (("10", "5"), [bytes(ethernet() / ipv4(src="198.51.100.7") / udp())] * 20),
    "xdp_syn_cookie": (("443",), [bytes(ethernet() / ipv4(src="198.51.100.7") / SYN)] * 20),
}


@pytest.mark.parametrize("name", XDP)
def test_an_xdp_example(name: str) -> None:
    arguments, frames = XDP[name]
    with veth_pair() as (peer, host):
        command = [*within(host), sys.executable, f"examples/{name}.py", host.interface, *arguments]
        wanted = line_of_page(name, -1)
        seen = run(command, lambda: peer.send(*frames), has(wanted))
    assert has(wanted)(seen), seen


@pytest.mark.parametrize(("name", "arguments"), [("xdp_pass", ()), ("xdp_firewall", ("198.51.100.7",))])
def test_an_xdp_example_that_prints_nothing(name: str, arguments: tuple[str, ...]) -> None:
    with veth_pair() as (_, host):
        command = [*within(host), sys.executable, f"examples/{name}.py", host.interface, *arguments]

        def attached(_: str) -> bool:
            return "xdp" in host.run("ip", "link", "show", "dev", host.interface)

        assert run(command, lambda: None, attached) == ""


def within(host: Host) -> tuple[str, ...]:
    """The beginning of a command that runs in a host's namespace."""
    return ("ip", "netns", "exec", host.namespace)
