"""Maps that frames are sent to, from user space: interfaces, processors and AF_XDP sockets by number."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from osmia.errors import KernelError, UsageError
from osmia.loader.attach.link import HasDescriptor
from osmia.loader.map_contents import keys
from osmia.loader.map_object import MapObject
from osmia.uapi import MapType

_DEVICES = frozenset({MapType.DEVMAP, MapType.DEVMAP_HASH})
_TYPES = _DEVICES | {MapType.CPUMAP}


class RedirectMapHandle:
    """Interface indices by number, or queue sizes by processor; with a program at the other end where wanted.

    The kernel drops an interface that goes away.
    """

    def __init__(self, map_object: MapObject) -> None:
        spec = map_object.spec
        if spec.type not in _TYPES:
            raise UsageError(f"map {spec.name!r} is a {spec.type.name} map")
        self.map_object = map_object

    def fileno(self) -> int:
        """The map's file descriptor."""
        return self.map_object.fileno()

    def __getitem__(self, key: int) -> int:
        value = self._lookup(key)
        if value is None:
            raise KeyError(key)
        return value

    def _lookup(self, key: int) -> int | None:
        size = self.map_object.spec.value_size
        value = self.map_object.kernel.map_lookup(self.fileno(), _key(key), size)
        return None if value is None else int.from_bytes(value[:4], "little")

    def __setitem__(self, key: int, number: int) -> None:
        self._set(key, number, 0)

    def set(self, key: int, number: int, program: HasDescriptor) -> None:
        """Set an entry with a program that runs at the other end, `@xdp_devmap` or `@xdp_cpumap`.

        Since Linux 5.8 for interfaces, 5.9 for processors.

        Raises:
            UsageError: a map or a program that does not fit.
        """
        if self.map_object.spec.value_size < 8:
            raise UsageError(
                f"map {self.map_object.name!r} has no room for programs", "its values have 8 bytes then"
            )
        self._set(key, number, program.fileno())

    def _set(self, key: int, number: int, program: int) -> None:
        spec = self.map_object.spec
        value = int(number).to_bytes(4, "little") + program.to_bytes(4, "little")
        try:
            self.map_object.kernel.map_update(self.fileno(), _key(key), value[: spec.value_size])
        except KernelError as error:
            what = "interface" if spec.type in _DEVICES else "processor"
            if error.errno in (errno.EINVAL, errno.ENODEV, errno.E2BIG, errno.ENOENT, errno.EOVERFLOW):
                raise UsageError(
                    f"map {spec.name!r} does not take {key}: {number}",
                    f"it has room for {spec.max_entries}; is there such an {what}, and does the program fit?"
                    if what == "interface"
                    else f"it has room for {spec.max_entries}; is there such a processor, with a queue of "
                    "1 to 16,384 frames, and does the program fit?",
                ) from None
            raise

    def __delitem__(self, key: int) -> None:
        if self._lookup(key) is None or not self.map_object.kernel.map_delete(self.fileno(), _key(key)):
            raise KeyError(key)

    def __contains__(self, key: int) -> bool:
        return bool(self._lookup(key))

    def __iter__(self) -> Iterator[int]:
        for key in keys(self.map_object):
            number = int.from_bytes(key, "little")
            if number in self:
                yield number

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _key(key: int) -> bytes:
    return int(key).to_bytes(4, "little")
