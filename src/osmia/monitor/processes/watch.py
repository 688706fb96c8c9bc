"""The programs on sockets, attached, and what they have found."""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import SupportsBytes, cast

import osmia
from osmia.errors import OsmiaError
from osmia.monitor.model import ConnectionOwner
from osmia.monitor.processes import kernel
from osmia.monitor.processes.existing import open_connections
from osmia.monitor.processes.kernel import SocketOwner, SocketRecord
from osmia.monitor.records import ConnectionKey, Endpoint
from osmia.net import IpProtocol, IPv6Address

__all__ = ["SocketFacts", "SocketWatch", "watch_sockets"]

PROGRAMS = (kernel.socket_begins, kernel.socket_changed, kernel.segment_timed, kernel.segment_resent)
NAMESPACE = Path("/proc/thread-self/ns/net")

_RECORD = struct.Struct("=II16sIIQ")
"""A SocketRecord: there may be 65,536 of them, and a field read costs 1 us."""


@dataclass(frozen=True, slots=True)
class SocketFacts:
    """What the kernel says of a connection beside its packets."""

    owner: ConnectionOwner | None
    round_trip_us: int | None
    retransmits: int


class SocketWatch:
    """Reads what is known of connections."""

    def __init__(self, bpf: osmia.Bpf) -> None:
        self._sockets = bpf[kernel.sockets]
        self._facts: dict[bytes, tuple[bytes, SocketFacts]] = {}

    def read(self) -> Mapping[bytes, SocketFacts]:
        """By the bytes of the connection's key."""
        found: dict[bytes, tuple[bytes, SocketFacts]] = {}
        for key, record in self._sockets.items():
            packed, content = bytes(cast("SupportsBytes", key)), bytes(cast("SupportsBytes", record))
            was = self._facts.get(packed)
            found[packed] = was if was is not None and was[0] == content else (content, _facts(content))
        self._facts = found
        return {packed: facts for packed, (_, facts) in found.items()}


@contextmanager
def watch_sockets(notice: Callable[[str], None]) -> Generator[SocketWatch | None, None, None]:
    """The watch, attached inside the `with` block; None, and a notice why, where the kernel cannot.

    It needs BTF and CAP_PERFMON (Linux 5.8). Connections older than it get their process from /proc once,
    as far as this user may see there.
    """
    with ExitStack() as stack:
        try:
            namespace = osmia.u32(NAMESPACE.stat().st_ino)
            constants = {kernel.NETWORK_NAMESPACE: namespace}
            bpf = stack.enter_context(osmia.load(*PROGRAMS, constants=constants))
            for program in PROGRAMS:
                stack.enter_context(bpf[program].attach())
            _add_existing(bpf)
        except (OsmiaError, OSError) as error:
            notice(f"processes of connections are not known, since {error}")
            yield None
        else:
            yield SocketWatch(bpf)


def _add_existing(bpf: osmia.Bpf) -> None:
    """What was there before; where the programs were quicker, theirs stays."""
    for found in open_connections():
        if found.owner is None:
            continue
        one = found.socket
        owner = SocketOwner(
            pid=osmia.u32(found.owner.pid),
            uid=osmia.u32(found.owner.uid),
            comm=osmia.Comm.from_bytes(found.owner.process.encode()[:15].ljust(16, b"\0")),
        )
        local, local_port = IPv6Address.from_bytes(one.local), osmia.be16(one.local_port)
        if one.listens:
            place = Endpoint(address=local, port=local_port, protocol=IpProtocol.TCP)
            if place not in bpf[kernel.listening]:
                bpf[kernel.listening][place] = owner
            continue
        key = ConnectionKey(
            local_addr=local,
            remote_addr=IPv6Address.from_bytes(one.remote),
            local_port=local_port,
            remote_port=osmia.be16(one.remote_port),
            protocol=IpProtocol.TCP,
        )
        if key not in bpf[kernel.sockets]:
            bpf[kernel.sockets][key] = SocketRecord(
                owner=owner, round_trip_us=osmia.u32(0), retransmits=osmia.u32(0), looked=osmia.u64(0)
            )


def _facts(content: bytes) -> SocketFacts:
    pid, uid, comm, round_trip_us, retransmits, _ = _RECORD.unpack(content)
    owner = ConnectionOwner(pid, uid, comm.split(b"\0")[0].decode(errors="replace")) if pid else None
    return SocketFacts(owner, round_trip_us or None, retransmits)
