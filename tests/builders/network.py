"""Network namespaces joined by a veth pair, made for one test and gone after it."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from osmia.sys import RUNNING_KERNEL

_numbers = itertools.count()
_ETH_P_ALL = 3


@dataclass(frozen=True)
class Host:
    """One end: a namespace, the only interface in it besides loopback, and its address."""

    namespace: str
    interface: str
    mac: str

    @contextmanager
    def inside(self) -> Generator[None]:
        """Run the block's system calls, of this thread, in the namespace."""
        with (
            Path("/proc/thread-self/ns/net").open() as home,
            Path("/run/netns", self.namespace).open() as target,
        ):
            RUNNING_KERNEL.enter_namespace(target.fileno())
            try:
                yield
            finally:
                RUNNING_KERNEL.enter_namespace(home.fileno())

    @contextmanager
    def packet_socket(self) -> Generator[socket.socket]:
        """A socket that sends and receives whole frames on the interface."""
        with self.inside():
            packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        with packets:
            with self.inside():
                packets.bind((self.interface, 0))
            packets.settimeout(10)
            yield packets

    def send(self, *frames: bytes) -> None:
        """Send whole frames to the other end."""
        with self.packet_socket() as packets:
            for frame in frames:
                packets.send(frame)

    def run(self, *command: str) -> str:
        """Run a program in the namespace; gives back what it printed."""
        return _run("ip", "netns", "exec", self.namespace, *command)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def veth_pair() -> Generator[tuple[Host, Host]]:
    """Two hosts joined by a cable; quiet, as nothing but the test sends there."""
    number = next(_numbers)
    hosts = [
        Host(f"osmia-{os.getpid()}-{number}-{side}", f"veth-{side}", f"02:00:00:00:00:0{index}")
        for index, side in enumerate("ab", 1)
    ]
    with ExitStack() as cleaning:
        for host in hosts:
            _run("ip", "netns", "add", host.namespace)
            cleaning.callback(_run, "ip", "netns", "del", host.namespace)
            with host.inside():
                # No neighbour discovery in between.
                Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
                Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
        a, b = hosts
        _run(
            *("ip", "link", "add", a.interface, "address", a.mac, "netns", a.namespace, "type", "veth"),
            *("peer", "name", b.interface, "address", b.mac, "netns", b.namespace),
        )
        for host in hosts:
            _run("ip", "-n", host.namespace, "link", "set", "lo", "up")
            _run("ip", "-n", host.namespace, "link", "set", host.interface, "up")
        yield a, b
