"""What the monitor reads of its machine: interfaces, routes, resolvers, SSH peers. Files only."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from osmia.monitor.addresses import address_from_text
from osmia.monitor.model import Address, LinkCounters

__all__ = [
    "Protected",
    "default_interface",
    "ephemeral_ports",
    "interface_index",
    "interface_name",
    "interface_names",
    "link_counters",
    "own_addresses",
    "protected_addresses",
]

PROC_NET = Path("/proc/thread-self/net")
RESOLV_CONF = Path("/etc/resolv.conf")
PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
ROUTE_UP = 0x1
TCP_ESTABLISHED = 0x01
SSH_PORT = 22
MAXIMUM_FILE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Protected:
    """An address that is not blocked without --force, and why."""

    address: Address
    because: str


def interface_names() -> tuple[str, ...]:
    """The network interfaces of this namespace."""
    return tuple(name for _, name in socket.if_nameindex())


def interface_index(name: str) -> int | None:
    """The index of an interface, None where there is none of that name."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return None


def interface_name(index: int) -> str | None:
    """The name of an interface, None where there is none of that index."""
    try:
        return socket.if_indextoname(index)
    except OSError:
        return None


def link_counters(name: str) -> LinkCounters | None:
    """The interface's own counters, None where it is gone."""
    for fields in _lines(PROC_NET / "dev"):
        if fields and fields[0] == f"{name}:" and len(fields) >= 11:
            return LinkCounters(int(fields[2]), int(fields[1]), int(fields[10]), int(fields[9]))
    return None


def default_interface() -> str | None:
    """The interface of the default route of lowest metric, IPv4 before IPv6."""
    routes = sorted((metric, name) for name, _, metric in _ipv4_default_routes())
    if not routes:
        routes = sorted((metric, name) for name, _, metric in _ipv6_default_routes())
    return routes[0][1] if routes else None


def ephemeral_ports() -> range:
    """The ports that this machine's own connections take (net.ipv4.ip_local_port_range)."""
    for fields in _lines(PORT_RANGE):
        if len(fields) == 2 and all(field.isdecimal() for field in fields):
            return range(int(fields[0]), int(fields[1]) + 1)
    return range(32_768, 61_000)


def protected_addresses(environment: dict[str, str] | None = None) -> tuple[Protected, ...]:
    """Own addresses, gateways, resolvers and the peers of established SSH sessions."""
    found: dict[Address, str] = {}
    for address in own_addresses():
        found.setdefault(address, "it is an address of this machine")
    for _, gateway, _ in (*_ipv4_default_routes(), *_ipv6_default_routes()):
        found.setdefault(gateway, "it is the gateway of the default route")
    for address in _resolvers():
        found.setdefault(address, "it is a name server of this machine")
    for address in _ssh_peers(dict(os.environ) if environment is None else environment):
        found.setdefault(address, "it is the peer of an established SSH session")
    return tuple(Protected(address, because) for address, because in found.items())


def _lines(path: Path) -> Iterator[list[str]]:
    """The lines of a file, split; nothing where it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file.read(MAXIMUM_FILE).splitlines():
                yield line.split()
    except OSError:
        return


def _ipv4_default_routes() -> Iterator[tuple[str, Address, int]]:
    for fields in _lines(PROC_NET / "route"):
        if len(fields) < 8 or fields[1] != "00000000" or fields[7] != "00000000":
            continue
        flags = int(fields[3], 16)
        if flags & ROUTE_UP:
            gateway = ipaddress.IPv4Address(struct.pack("=I", int(fields[2], 16)))
            yield fields[0], gateway, int(fields[6])


def _ipv6_default_routes() -> Iterator[tuple[str, Address, int]]:
    for fields in _lines(PROC_NET / "ipv6_route"):
        if len(fields) < 10 or fields[0] != "0" * 32 or fields[1] != "00" or fields[9] == "lo":
            continue
        if int(fields[8], 16) & ROUTE_UP:
            yield fields[9], ipaddress.IPv6Address(int(fields[4], 16)), int(fields[5], 16)


def own_addresses() -> Iterator[Address]:
    """The addresses of this network namespace's interfaces."""
    for fields in _lines(PROC_NET / "if_inet6"):
        if fields and len(fields[0]) == 32:
            yield ipaddress.IPv6Address(int(fields[0], 16))
    previous = ""
    for fields in _lines(PROC_NET / "fib_trie"):
        if len(fields) == 2 and fields[0] == "|--":
            previous = fields[1]
        elif fields[:2] == ["/32", "host"] and fields[2:] == ["LOCAL"]:
            yield ipaddress.IPv4Address(previous)


def _resolvers() -> Iterator[Address]:
    for fields in _lines(RESOLV_CONF):
        if len(fields) >= 2 and fields[0] == "nameserver":
            try:
                yield address_from_text(fields[1].split("%")[0])
            except ValueError:
                continue


def _ssh_peers(environment: dict[str, str]) -> Iterator[Address]:
    """Peers of established connections to port 22, and of the session that the monitor was started from."""
    session = environment.get("SSH_CONNECTION", "").split()
    if session:
        with contextlib.suppress(ValueError):
            yield address_from_text(session[0].split("%")[0])
    ports = {SSH_PORT} | ({int(session[3])} if len(session) == 4 and session[3].isdigit() else set[int]())
    for name in ("tcp", "tcp6"):
        for fields in _lines(PROC_NET / name):
            if len(fields) < 4 or ":" not in fields[1] or int(fields[3], 16) != TCP_ESTABLISHED:
                continue
            if int(fields[1].split(":")[1], 16) in ports:
                yield _socket_address(fields[2].split(":")[0])


def _socket_address(text: str) -> Address:
    """An address of /proc/net/tcp: words in the processor's byte order, in hexadecimal."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return address_from_text(str(ipaddress.ip_address(packed)))
