"""Global variables of a loaded object, in memory that user space shares with the programs."""

from __future__ import annotations

from contextlib import suppress
from typing import Generic, TypeVar

from osmia.errors import UsageError
from osmia.loader.codec import Codec
from osmia.loader.loading import LoadedObject
from osmia.loader.map_object import MapObject
from osmia.loader.specification import VariableSpec
from osmia.uapi import MapFlags

T = TypeVar("T")


class DataMemory:
    """A data section, mapped where programs may write it (BPF_F_MMAPABLE, Linux 5.5), else copied."""

    def __init__(self, section: MapObject) -> None:
        kernel, size = section.kernel, section.spec.value_size
        self._memory = None
        if section.spec.flags & MapFlags.MMAPABLE:
            page = kernel.page_size()
            self._memory = kernel.memory_map(section.fileno(), -(-size // page) * page, writable=True)
            self.contents = memoryview(self._memory)[:size]
        else:
            # Frozen: nobody writes it any more.
            found = kernel.map_lookup(section.fileno(), bytes(4), size)
            self.contents = memoryview(bytes(found or b""))

    def close(self) -> None:
        """Give the mapping back; one that a struct of the user's still shows goes with that."""
        with suppress(BufferError):
            self.contents.release()
        if self._memory is not None:
            with suppress(BufferError):
                self._memory.close()


class VariableHandle(Generic[T]):
    """A global variable: its value now, and a new one."""

    def __init__(self, memory: DataMemory, spec: VariableSpec, codec: Codec[T]) -> None:
        if codec.size != spec.size:
            raise UsageError(f"variable {spec.name!r} has {spec.size} bytes, not {codec.size}")
        self._memory = memory
        self._spec = spec
        self._codec = codec

    @property
    def value(self) -> T:
        """A copy of the value as it is now; one of more than 8 bytes a program may just be writing."""
        return self._codec.decode(bytes(self._place()))

    @value.setter
    def value(self, value: T) -> None:
        place = self._place()
        if place.readonly:
            what = f"variable {self._spec.name!r} is a constant"
            raise UsageError(what, "give its value at load: load(…, constants={…})")
        place[:] = self._codec.encode(value)

    def _place(self) -> memoryview:
        return self._memory.contents[self._spec.offset : self._spec.offset + self._spec.size]


def find_variable(loaded: LoadedObject, name: str) -> tuple[MapObject, VariableSpec]:
    """A variable by its name, and the map that holds it.

    Raises:
        UsageError: there is none; with the names that exist.
    """
    found = loaded.spec.variable(name)
    if found is None:
        known = sorted(variable.name for each in loaded.maps.values() for variable in each.spec.variables)
        raise UsageError(f"there is no global variable {name!r}", f"the object has: {', '.join(known)}")
    return loaded.maps[found[0].name], found[1]
