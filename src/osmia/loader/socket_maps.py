"""The user side of maps of sockets: sockets go in by their descriptors and leave when they are closed."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Generic, TypeVar

from osmia.errors import KernelError, MapFullError, NotSupportedError, UsageError
from osmia.loader.attach.link import HasDescriptor
from osmia.loader.codec import Codec
from osmia.loader.map_contents import keys
from osmia.loader.map_object import MapObject
from osmia.uapi import MapType

K = TypeVar("K")

TYPES = frozenset({MapType.SOCKMAP, MapType.SOCKHASH, MapType.REUSEPORT_SOCKARRAY, MapType.XSKMAP})


class SocketMapHandle(Generic[K]):
    """Sockets by key. `sockets[key] = socket` puts one in; what is in cannot be had back as a socket."""

    def __init__(self, map_object: MapObject, key: Codec[K]) -> None:
        if map_object.spec.type not in TYPES:
            raise UsageError(f"map {map_object.name!r} is a {map_object.spec.type.name} map")
        self.map_object = map_object
        self._key = key

    def fileno(self) -> int:
        """The map's file descriptor."""
        return self.map_object.fileno()

    def __setitem__(self, key: K, socket: HasDescriptor) -> None:
        """Put a socket in: TCP sockets that are connected or listen, UDP sockets, Unix sockets.

        Raises:
            UsageError: the socket is in no state for this map. MapFullError: no room is left.
        """
        spec = self.map_object.spec
        value = socket.fileno().to_bytes(spec.value_size, "little")
        try:
            self.map_object.kernel.map_update(self.fileno(), self._key.encode(key), value)
        except KernelError as error:
            if error.errno == errno.E2BIG:
                raise MapFullError(
                    errno.E2BIG, f"map {spec.name!r} is full: it has room for {spec.max_entries} entries"
                ) from None
            if error.errno in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTSOCK, errno.EPROTONOSUPPORT):
                raise UsageError(
                    f"map {spec.name!r} does not take this socket",
                    "it takes TCP sockets that are connected or listen, and bound UDP sockets; "
                    "one for reuse has SO_REUSEPORT set before it is bound",
                ) from None
            raise

    def __delitem__(self, key: K) -> None:
        try:
            gone = self.map_object.kernel.map_delete(self.fileno(), self._key.encode(key))
        except KernelError as error:
            if error.errno != errno.EINVAL:
                raise
            gone = False
        if not gone:
            raise KeyError(key)

    def __contains__(self, key: K) -> bool:
        return self.cookie(key) is not None

    def cookie(self, key: K) -> int | None:
        """The number that the kernel has for the socket under a key (SO_COOKIE); None where there is none."""
        size = self.map_object.spec.value_size
        try:
            value = self.map_object.kernel.map_lookup(self.fileno(), self._key.encode(key), size)
        except KernelError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            raise NotSupportedError(
                f"looking into map {self.map_object.name!r} from user space", needs="a map of another kind"
            ) from None
        return None if value is None else int.from_bytes(value, "little") or None

    def __iter__(self) -> Iterator[K]:
        for key in keys(self.map_object):
            decoded = self._key.decode(key)
            if decoded in self:
                yield decoded

    def __len__(self) -> int:
        return sum(1 for _ in self)
