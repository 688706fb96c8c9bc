"""The user side of simulated local storage."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

from osmia.errors import UsageError
from osmia.lang import Map
from osmia.lang.contexts import TcContext
from osmia.lang.fields import RecordContext
from osmia.lang.kernel_structs import KernelStruct
from osmia.lang.local_storage import owner_key
from osmia.lang.memory import MemoryCodec
from osmia.lang.runtime import UpdateFlags
from osmia.simulator.kernel import SimulatedKernel

__all__ = ["SimulatedLocalStorage"]

V = TypeVar("V")


class SimulatedLocalStorage(Generic[V]):
    """Values by their owners: the structs and contexts that the program was called with."""

    def __init__(self, kernel: SimulatedKernel, declaration: Map) -> None:
        self._kernel = kernel
        self._entries = kernel.entries(declaration)
        self._values: MemoryCodec[V] = MemoryCodec(cast("type[V]", declaration.value_type))

    def get(self, owner: object) -> V | None:
        """The owner's value, a copy; None where it has none."""
        with self._kernel.lock:
            slots = self._entries.find(_key(owner))
            return None if slots is None else self._values.decode(bytes(slots[0]))

    def __getitem__(self, owner: object) -> V:
        found = self.get(owner)
        if found is None:
            raise KeyError(owner)
        return found

    def __setitem__(self, owner: object, value: V) -> None:
        with self._kernel.lock:
            self._entries.store(_key(owner), (self._values.encode(value),), UpdateFlags.ANY)

    def __delitem__(self, owner: object) -> None:
        with self._kernel.lock:
            if self._entries.delete(_key(owner)):
                raise KeyError(owner)

    def __contains__(self, owner: object) -> bool:
        return self.get(owner) is not None


def _key(owner: object) -> bytes:
    if not isinstance(owner, KernelStruct | RecordContext | TcContext):
        raise UsageError(
            "a simulation has no descriptors", "give the struct or context that the program is called with"
        )
    return owner_key(owner)
