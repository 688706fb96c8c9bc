"""Stack traces that the kernel keeps: addresses by number."""

from __future__ import annotations

from collections.abc import Iterator

from osmia.errors import UsageError
from osmia.loader.map_contents import keys
from osmia.loader.map_object import MapObject
from osmia.uapi import MapType


class StackTraceHandle:
    """A BPF_MAP_TYPE_STACK_TRACE map: call stacks by the number that `bpf_get_stackid` gave them.

    Raises:
        UsageError: the map is of another type, or keeps build ids instead of addresses.
    """

    def __init__(self, map_object: MapObject) -> None:
        spec = map_object.spec
        if spec.type != MapType.STACK_TRACE:
            raise UsageError(f"map {spec.name!r} is a {spec.type.name} map")
        if spec.value_size % 8 or spec.flags:
            raise UsageError(f"map {spec.name!r} does not keep addresses")
        self._map = map_object

    def addresses(self, number: int) -> tuple[int, ...] | None:
        """The return addresses of a stack, the innermost first; None for a number that is not in use."""
        key = number.to_bytes(4, "little")
        data = self._map.kernel.map_lookup(self._map.fileno(), key, self._map.spec.value_size)
        if data is None:
            return None
        words = (int.from_bytes(data[start : start + 8], "little") for start in range(0, len(data), 8))
        return tuple(word for word in words if word)

    def numbers(self) -> Iterator[int]:
        """The numbers that are in use."""
        return (int.from_bytes(key, "little") for key in keys(self._map))

    def delete(self, number: int) -> bool:
        """Give a number up; False where it was not in use."""
        return self._map.kernel.map_delete(self._map.fileno(), number.to_bytes(4, "little"))
