"""Two hosts in network namespaces of their own; scans between them, captured where they arrive."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from osmia.monitor.feed import CapturedFrame
from osmia.monitor.records import CaptureWay
from osmia.packets import open_capture
from tests.builders.network import Host, veth_pair

TARGET, TARGET6, SCANNER = "10.77.0.1", "2001:db8:77::1", "10.77.0.200"
NEIGHBOURS = 40
"""Further addresses of the target, from 10.77.0.10 on."""
ZOMBIES = tuple(f"10.77.0.{n}" for n in range(210, 222))
"""Further addresses of the scanner."""
OPEN_PORTS = (22, 80, 443)
SETTLE = 0.7


@dataclass(frozen=True)
class Laboratory:
    """The two hosts while they are up."""

    scanner: Host
    target: Host

    def capture(self, command: tuple[str, ...]) -> list[CapturedFrame]:
        """Run a command on the scanner's host; the frames at the target meanwhile, both ways."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "scan.pcap")
            recorder = subprocess.Popen(
                [
                    *("ip", "netns", "exec", self.target.namespace, "tcpdump", "-i", self.target.interface),
                    *("-n", "-U", "-s", "256", "--immediate-mode", "-w", str(path), "ip or ip6"),
                ],
                stderr=subprocess.PIPE,
                text=True,
            )
            assert recorder.stderr is not None
            recorder.stderr.readline()
            time.sleep(SETTLE)
            subprocess.run(
                ["ip", "netns", "exec", self.scanner.namespace, *command],
                capture_output=True,
                timeout=120,
                check=False,
            )
            time.sleep(SETTLE)
            recorder.terminate()
            recorder.wait()
            recorder.stderr.close()
            with open_capture(path) as frames:
                return [
                    CapturedFrame(frame.timestamp_ns, frame.data, frame.original_length, CaptureWay.BOTH)
                    for frame in frames
                ]


@contextmanager
def laboratory() -> Generator[Laboratory]:
    """Both hosts, with listeners on `OPEN_PORTS` of the target; gone at the end."""
    with ExitStack() as stack:
        scanner, target = stack.enter_context(veth_pair())
        for host, addresses in (
            (target, [TARGET, *(f"10.77.0.{10 + n}" for n in range(NEIGHBOURS))]),
            (scanner, [SCANNER, *ZOMBIES]),
        ):
            for name in ("all", "default", host.interface):
                host.run("sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=0")
            host.run("sysctl", "-qw", f"net.ipv6.conf.{host.interface}.accept_dad=0")
            for address in addresses:
                host.run("ip", "address", "add", f"{address}/24", "dev", host.interface)
        target.run("ip", "address", "add", f"{TARGET6}/64", "dev", target.interface, "nodad")
        scanner.run("ip", "address", "add", "2001:db8:77::200/64", "dev", scanner.interface, "nodad")
        # Else an UDP scan is answered once a second, and takes minutes.
        target.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv4.icmp_msgs_per_sec=100000")
        with target.inside():
            listeners = [socket.create_server(("", port)) for port in OPEN_PORTS]
        for listener in listeners:
            stack.enter_context(listener)
            threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        yield Laboratory(scanner, target)


def _accept(listener: socket.socket) -> None:
    """Take connections, and end them at once."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.close()


def is_installed(tool: str) -> bool:
    """Whether a program is there."""
    return shutil.which(tool) is not None


def slowed(frames: list[CapturedFrame], spacing: float) -> list[CapturedFrame]:
    """The same scan with so many seconds between its probes, by the capture's clock."""
    slow: list[CapturedFrame] = []
    clock = frames[0].timestamp_ns if frames else 0
    before = clock
    for frame in frames:
        if _is_probe(frame.data):
            clock += round(spacing * 1e9)
        else:
            clock += min(frame.timestamp_ns - before, 1_000_000)
        before = frame.timestamp_ns
        slow.append(CapturedFrame(clock, frame.data, frame.length, frame.way))
    return slow


def _is_probe(data: bytes) -> bool:
    """A SYN over IPv4 without options."""
    return data[12:14] == b"\x08\x00" and data[14] == 0x45 and data[23] == 6 and data[47] & 0x3F == 0x02
