"""Maps of maps from user space: maps are made, filled, put in and exchanged while programs run."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack
from typing import Protocol, TypeVar

from osmia.errors import KernelError, MapFullError, UsageError
from osmia.loader.codec import Codec
from osmia.loader.map_contents import keys
from osmia.loader.map_object import MapObject, create_map
from osmia.loader.opened_maps import open_map_object
from osmia.uapi import MapType

K = TypeVar("K")


class HasMap(Protocol):
    """The handle of a map."""

    @property
    def map_object(self) -> MapObject:
        """The map."""
        ...


H = TypeVar("H", bound=HasMap)

TYPES = frozenset({MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS})


class MapOfMapsHandle(MutableMapping[K, H]):
    """Maps by key. What `create` makes stays open, in the map or not, until `resources` close.

    `typed` makes the handle of a map.
    """

    def __init__(
        self,
        outer: MapObject,
        key: Codec[K],
        typed: Callable[[MapObject], H],
        resources: ExitStack,
        opened: dict[int, MapObject],
    ) -> None:
        if outer.spec.type not in TYPES:
            raise UsageError(f"map {outer.name!r} is a {outer.spec.type.name} map")
        self.map_object = outer
        self._key = key
        self._typed = typed
        self._resources = resources
        self._opened = opened

    def create(self) -> H:
        """A new map of the kind that this map holds, empty and not yet in it.

        Raises:
            PermissionDeniedError: the kernel refuses.
        """
        spec = self.map_object.spec.inner
        if spec is None:
            raise UsageError(f"nothing is known of the maps in {self.map_object.name!r}")
        made = self._resources.enter_context(create_map(self.map_object.kernel, spec))
        self._opened[made.id] = made
        return self._typed(made)

    def __getitem__(self, key: K) -> H:
        """The map under a key; one that another process put there needs CAP_SYS_ADMIN."""
        number = self._number(key)
        if number is None:
            raise KeyError(key)
        if number not in self._opened:
            found = open_map_object(number, self.map_object.kernel)
            self._opened[number] = self._resources.enter_context(found)
        return self._typed(self._opened[number])

    def __setitem__(self, key: K, inner: H) -> None:
        """Put a map there, at once for all programs; those that run may use the one before to their end.

        Raises:
            UsageError: a map of another kind. MapFullError: no room is left.
        """
        spec, descriptor = self.map_object.spec, inner.map_object.fileno()
        try:
            self.map_object.kernel.map_update(
                self.map_object.fileno(), self._key.encode(key), descriptor.to_bytes(4, "little")
            )
        except KernelError as error:
            if error.errno == errno.E2BIG:
                raise MapFullError(
                    errno.E2BIG, f"map {spec.name!r} has no room: {spec.max_entries} entries"
                ) from None
            if error.errno == errno.EINVAL:
                raise UsageError(
                    f"{inner.map_object!r} cannot stand in map {spec.name!r}", "make one with `create()`"
                ) from None
            raise

    def __delitem__(self, key: K) -> None:
        if key not in self:
            raise KeyError(key)
        self.map_object.kernel.map_delete(self.map_object.fileno(), self._key.encode(key))

    def __contains__(self, key: object) -> bool:
        try:
            return self._number(key) is not None  # type: ignore[arg-type]  # the codec refuses others
        except (TypeError, OverflowError):
            return False

    def __iter__(self) -> Iterator[K]:
        found = [self._key.decode(key) for key in keys(self.map_object)]
        return (key for key in found if self._number(key) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _number(self, key: K) -> int | None:
        """The kernel's number of the map under a key."""
        value = self.map_object.kernel.map_lookup(self.map_object.fileno(), self._key.encode(key), 4)
        return None if value is None else int.from_bytes(value, "little") or None
