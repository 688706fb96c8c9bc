"""Which process has a connection, and how its TCP fares: seen in the kernel when sockets change."""

from __future__ import annotations

from osmia.monitor.processes.watch import SocketFacts, SocketWatch, watch_sockets

__all__ = ["SocketFacts", "SocketWatch", "watch_sockets"]
