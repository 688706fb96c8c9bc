"""Keeps the kernel's table of listeners as the sockets of this machine are."""

from __future__ import annotations

import contextlib

import osmia
from osmia.errors import OsmiaError
from osmia.monitor import kernel
from osmia.monitor.addresses import prefix_for_kernel
from osmia.monitor.host import own_addresses
from osmia.monitor.model import network_of
from osmia.monitor.records import Endpoint
from osmia.monitor.sockets import Listener, expand_wildcards, listening_sockets
from osmia.net import IpProtocol

__all__ = ["ListenerTable"]


class ListenerTable:
    """Brings the map `listeners` up to date.

    What opens and closes between two refreshes is told from a closed port by its answers.
    """

    def __init__(self, bpf: osmia.Bpf) -> None:
        self._map = bpf[kernel.listeners]
        self._known: set[Listener] = set()
        self.failure: str | None = None
        """Why the sockets cannot be read, where they cannot."""

    def refresh(self) -> None:
        """Read the sockets anew, and change the map by the difference."""
        try:
            present = expand_wildcards(listening_sockets(), own_addresses())
        except OSError as error:
            self.failure = f"the listening sockets of this machine cannot be read: {error}"
            return
        present = (
            set(sorted(present, key=str)[: kernel.LISTENERS]) if len(present) > kernel.LISTENERS else present
        )
        for listener in self._known - present:
            with contextlib.suppress(KeyError):
                del self._map[_endpoint(listener)]
        for listener in present - self._known:
            with contextlib.suppress(OsmiaError):
                self._map[_endpoint(listener)] = osmia.u8(1)
        self._known = present


def _endpoint(listener: Listener) -> Endpoint:
    address, port, protocol = listener
    packed, _ = prefix_for_kernel(network_of(address))
    return Endpoint(address=packed, port=osmia.be16(port), protocol=IpProtocol(protocol))
