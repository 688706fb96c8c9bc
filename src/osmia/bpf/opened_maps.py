"""Maps of other processes, by the name they are pinned at or by their number in the kernel."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from osmia.lang.memory import MemoryCodec
from osmia.loader import (
    ArrayHandle,
    HashMapHandle,
    PerCpuArrayHandle,
    PerCpuHashMapHandle,
)
from osmia.loader.opened_maps import open_map_object

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from osmia.bpf.interface import ArrayMapping, PerCpuArrayMapping, PerCpuMapping

__all__ = ["open_array", "open_map", "open_per_cpu_array", "open_per_cpu_map"]

K = TypeVar("K")
V = TypeVar("V")


@contextmanager
def open_map(
    source: str | Path | int, key: type[K], value: type[V]
) -> Generator[MutableMapping[K, V], None, None]:
    """A hash map or LRU hash map, by the path it is pinned at or by its number in the kernel.

        with osmia.open_map("/sys/fs/bpf/blocked", IPv4Address, u32) as blocked:
            blocked[IPv4Address("192.0.2.1")] = u32(1)

    Raises:
        UsageError: no such map, another kind of map, or keys and values of another size.
        PermissionDeniedError: maps may not be opened here.
        KernelError: the kernel refuses for another reason.
    """
    with open_map_object(source) as opened:
        yield HashMapHandle(opened, MemoryCodec(key), MemoryCodec(value))


@contextmanager
def open_array(source: str | Path | int, value: type[V]) -> Generator[ArrayMapping[V], None, None]:
    """An array, by the path it is pinned at or by its number in the kernel; otherwise as `open_map`."""
    with open_map_object(source) as opened:
        yield ArrayHandle(opened, MemoryCodec(value))


@contextmanager
def open_per_cpu_map(
    source: str | Path | int, key: type[K], value: type[V]
) -> Generator[PerCpuMapping[K, V], None, None]:
    """A per-CPU hash map or per-CPU LRU hash map; otherwise as `open_map`."""
    with open_map_object(source) as opened:
        yield PerCpuHashMapHandle(opened, MemoryCodec(key), MemoryCodec(value))


@contextmanager
def open_per_cpu_array(
    source: str | Path | int, value: type[V]
) -> Generator[PerCpuArrayMapping[V], None, None]:
    """A per-CPU array; otherwise as `open_map`."""
    with open_map_object(source) as opened:
        yield PerCpuArrayHandle(opened, MemoryCodec(value))
