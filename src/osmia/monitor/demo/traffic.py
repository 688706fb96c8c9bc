"""What the demo's processes do: a server, and a peer that uses it and then scans it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import selectors
import signal
import socket
import sys
import threading
import time

from osmia.monitor.demo.netlink import add_address, bring_up, leave_for_own_namespace

__all__ = ["HOST_ADDRESSES", "HOST_INTERFACE", "PEER_ADDRESSES", "PEER_INTERFACE"]

HOST_INTERFACE, PEER_INTERFACE = "osmia0", "osmia1"
HOST_ADDRESSES = ("10.99.0.1/24", "2001:db8:99::1/64")
PEER_ADDRESSES = ("10.99.0.2/24", "2001:db8:99::2/64")
SERVICE_PORT = 8080
HOSTS = ("10.99.0.1", "2001:db8:99::1")

PR_SET_PDEATHSIG = 1
SCAN_AFTER = 3.0
SCAN_PORTS = range(1, 201)
SCAN_PAUSE = 0.005
SCAN_EVERY = 120.0
ANSWER_SECONDS = 1.0
REQUEST_BYTES = 16


def main(role: str, parent: int) -> None:
    """Be the `server` or the `peer` of a demo, until its process ends."""
    _end_with(parent)
    if role == "peer":
        leave_for_own_namespace()
    _say("ready")
    if sys.stdin.readline() != "go\n":
        return
    if role == "peer":
        bring_up("lo")
        for address in PEER_ADDRESSES:
            add_address(PEER_INTERFACE, address)
        bring_up(PEER_INTERFACE)
        _say("running")
        threading.Thread(target=_scan_again_and_again, daemon=True).start()
        _use_services()
    else:
        _serve()


def _say(text: str) -> None:
    print(text, flush=True)


def _end_with(parent: int) -> None:
    """Be killed when the demo's process ends, and end at once if that happened already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(1)


def _serve() -> None:
    """TCP: as many bytes as the first 16 say. UDP: the same back."""
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("::", SERVICE_PORT), family=socket.AF_INET6, dualstack_ipv6=True)
    echo = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    echo.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    echo.bind(("::", SERVICE_PORT))
    selector.register(listener, selectors.EVENT_READ)
    selector.register(echo, selectors.EVENT_READ)
    _say("running")
    while True:
        for key, _ in selector.select():
            if key.fileobj is echo:
                data, address = echo.recvfrom(65_536)
                echo.sendto(data, address)
            else:
                connection, _ = listener.accept()
                threading.Thread(target=_send_what_is_asked, args=(connection,), daemon=True).start()


def _send_what_is_asked(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError, ValueError):
        connection.settimeout(ANSWER_SECONDS)
        connection.sendall(bytes(int(connection.recv(REQUEST_BYTES))))


def _use_services() -> None:
    """Ordinary traffic: downloads and messages over both families, also when nobody answers."""
    chance = random.Random(99)  # noqa: S311 - the same demo each time
    while True:
        time.sleep(chance.uniform(0.02, 0.2))
        address = chance.choice(HOSTS)
        with contextlib.suppress(OSError):
            if chance.random() < 0.5:
                _download(address, chance.randrange(2_000, 200_000))
            else:
                _exchange(address, bytes(chance.randrange(20, 1200)))


def _download(address: str, size: int) -> None:
    with socket.create_connection((address, SERVICE_PORT), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(str(size).encode().ljust(REQUEST_BYTES))
        while connection.recv(65_536):
            pass


def _exchange(address: str, data: bytes) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as messages:
        messages.settimeout(ANSWER_SECONDS)
        messages.sendto(data, (address, SERVICE_PORT))
        messages.recv(65_536)


def _scan_again_and_again() -> None:
    time.sleep(SCAN_AFTER)
    while True:
        _scan()
        time.sleep(SCAN_EVERY)


def _scan() -> None:
    """A connect scan: what is closed answers with RST."""
    for port in SCAN_PORTS:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            probe.connect_ex((HOSTS[0], port))
            time.sleep(SCAN_PAUSE)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
