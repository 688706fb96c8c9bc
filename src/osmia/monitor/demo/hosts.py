"""The demo's two hosts: this process, and one that sends; they end with this process, however it ends."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from osmia.errors import KernelError
from osmia.monitor.demo.netlink import add_address, bring_up, create_veth_pair, leave_for_own_namespace
from osmia.monitor.demo.traffic import HOST_ADDRESSES, HOST_INTERFACE, PEER_INTERFACE

__all__ = ["DemoHosts", "demo_hosts"]

NETWORK_NAMESPACE = Path("/proc/thread-self/ns/net")


@dataclass(frozen=True, slots=True)
class DemoHosts:
    """Two hosts that are still silent."""

    interface: str
    """This host's end."""
    helpers: tuple[subprocess.Popen[bytes], ...]

    def begin(self) -> None:
        """Let them send. Raises KernelError."""
        for helper in self.helpers:
            _go(helper)


@contextmanager
def demo_hosts() -> Generator[DemoHosts, None, None]:
    """Two hosts joined by a veth pair; this thread is in the network namespace of the one meanwhile.

    The namespaces belong to processes only: when these end, also by kill -9, all is gone.
    Raises PermissionDeniedError, KernelError.
    """
    before = os.open(NETWORK_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
    with ExitStack() as stack:
        stack.callback(os.close, before)
        leave_for_own_namespace()
        stack.callback(_enter_namespace, before)
        bring_up("lo")
        peer = stack.enter_context(_helper("peer"))
        create_veth_pair(HOST_INTERFACE, PEER_INTERFACE, peer.pid)
        for address in HOST_ADDRESSES:
            add_address(HOST_INTERFACE, address)
        bring_up(HOST_INTERFACE)
        server = stack.enter_context(_helper("server"))
        yield DemoHosts(HOST_INTERFACE, (server, peer))


@contextmanager
def _helper(role: str) -> Generator[subprocess.Popen[bytes], None, None]:
    """A process of the demo, once it says that it is ready; killed at the end."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "osmia.monitor.demo.traffic", role, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise KernelError(0, f"the demo's {role} process did not start (exit code {process.wait()})")
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _go(process: subprocess.Popen[bytes]) -> None:
    """Tell a helper that the network is there, and wait until it uses it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"go\n")
    process.stdin.flush()
    if process.stdout.readline() != b"running\n":
        raise KernelError(0, f"a process of the demo failed (exit code {process.wait()})")


def _enter_namespace(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0) != 0:
        number = ctypes.get_errno()
        raise KernelError(number, f"setns: {os.strerror(number)}")
