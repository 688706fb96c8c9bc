"""The user side of local storage: the value of a thread, file, socket or control group."""

from __future__ import annotations

import errno
from typing import Generic, TypeVar

from osmia.errors import KernelError, UsageError
from osmia.loader.attach.link import HasDescriptor
from osmia.loader.codec import Codec
from osmia.loader.map_object import MapObject
from osmia.uapi import MapType, UpdateFlags

V = TypeVar("V")

_OWNERS = {
    MapType.TASK_STORAGE: "a pidfd: os.pidfd_open(pid)",
    MapType.INODE_STORAGE: "an open file",
    MapType.SK_STORAGE: "a socket",
    MapType.CGRP_STORAGE: "an open descriptor of a control group's folder",
}


class LocalStorageHandle(Generic[V]):
    """The values by their owners, which are named by a descriptor, or by what has a `fileno`.

    There is no list of the owners that have a value.
    """

    def __init__(self, map_object: MapObject, value: Codec[V]) -> None:
        spec = map_object.spec
        if spec.type not in _OWNERS:
            raise UsageError(f"map {spec.name!r} is a {spec.type.name} map")
        if value.size != spec.value_size:
            raise UsageError(f"the value of map {spec.name!r} has {spec.value_size} bytes, not {value.size}")
        self.map_object = map_object
        self._value = value

    def get(self, owner: HasDescriptor | int) -> V | None:
        """The owner's value, a copy; None where it has none."""
        key = self._key(owner)
        try:
            found = self.map_object.kernel.map_lookup(
                self.map_object.fileno(), key, self._value.size, self.map_object.lock_flag
            )
        except KernelError as error:
            raise self._explained(error) from None
        return None if found is None else self._value.decode(found)

    def __getitem__(self, owner: HasDescriptor | int) -> V:
        found = self.get(owner)
        if found is None:
            raise KeyError(owner)
        return found

    def __setitem__(self, owner: HasDescriptor | int, value: V) -> None:
        key, flags = self._key(owner), UpdateFlags.ANY | self.map_object.lock_flag
        try:
            kernel = self.map_object.kernel
            kernel.map_update(self.map_object.fileno(), key, self._value.encode(value), flags)
        except KernelError as error:
            raise self._explained(error) from None

    def __delitem__(self, owner: HasDescriptor | int) -> None:
        key = self._key(owner)
        try:
            there = self.map_object.kernel.map_delete(self.map_object.fileno(), key)
        except KernelError as error:
            raise self._explained(error) from None
        if not there:
            raise KeyError(owner)

    def __contains__(self, owner: HasDescriptor | int) -> bool:
        return self.get(owner) is not None

    def _key(self, owner: HasDescriptor | int) -> bytes:
        descriptor = owner if isinstance(owner, int) else getattr(owner, "fileno", lambda: -1)()
        if not 0 <= descriptor < 1 << 31:
            raise self._not_an_owner()
        return descriptor.to_bytes(4, "little")

    def _explained(self, error: KernelError) -> Exception:
        if error.errno in (errno.EBADF, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP, errno.ESRCH):
            return self._not_an_owner()
        return KernelError(error.errno, f"map {self.map_object.name!r}: {error.strerror}")

    def _not_an_owner(self) -> UsageError:
        wanted = _OWNERS[self.map_object.spec.type]
        return UsageError(f"this is no owner of a value in map {self.map_object.name!r}", f"give {wanted}")
