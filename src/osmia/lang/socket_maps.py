"""Maps of sockets: programs send messages to them and choose them for connections."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from osmia.lang.actions import SkAction
from osmia.lang.integers import u32, u64
from osmia.lang.maps import Map
from osmia.uapi import MapType

__all__ = ["ReuseportArray", "SockHash", "SockMap", "SocketMap"]

K = TypeVar("K")


class SocketMap(Map):
    """Base of the maps whose values are sockets; user space puts them in by their descriptors."""

    def holds(self, key: Any) -> bool:
        """Whether there is a socket under a key; for simulations."""
        return self._storage().lookup(self.encode_key(key)) is not None

    def redirect(self, ctx: object, key: Any) -> SkAction:
        """Send the message or data of the context on a socket; DROP where there is none under the key."""
        return SkAction.PASS if self.holds(key) else SkAction.DROP

    def redirect_ingress(self, ctx: object, key: Any) -> SkAction:
        """Hand the message or data of the context to the receiver of a socket; else as `redirect`."""
        return self.redirect(ctx, key)


class SockMap(SocketMap):
    """BPF_MAP_TYPE_SOCKMAP: sockets by index. Since Linux 4.14."""

    map_type = MapType.SOCKMAP

    def __init__(self, *, max_entries: int) -> None:
        super().__init__(u32, u64, max_entries)


class SockHash(SocketMap, Generic[K]):
    """BPF_MAP_TYPE_SOCKHASH: sockets by any key. Since Linux 4.18."""

    map_type = MapType.SOCKHASH

    def __init__(self, key: type[K], *, max_entries: int) -> None:
        super().__init__(key, u64, max_entries)


class ReuseportArray(SocketMap):
    """BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: sockets that share a port, by index. Since Linux 4.19."""

    map_type = MapType.REUSEPORT_SOCKARRAY

    def __init__(self, *, max_entries: int) -> None:
        super().__init__(u32, u64, max_entries)
