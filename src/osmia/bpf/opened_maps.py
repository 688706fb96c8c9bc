"""Maps of other processes, by the name they are pinned at or by their number in the kernel."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from osmia.errors import KernelError, UsageError
from osmia.lang.memory import MemoryCodec
from osmia.loader import (
    ArrayHandle,
    HashMapHandle,
    MapObject,
    MapSpec,
    PerCpuArrayHandle,
    PerCpuHashMapHandle,
)
from osmia.loader.pinning import open_pinned
from osmia.sys import RUNNING_KERNEL, Descriptor
from osmia.uapi import MapFlags, MapType

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
        PermissionDeniedError, KernelError.
    """
    with _opened(source) as opened:
        yield HashMapHandle(opened, MemoryCodec(key), MemoryCodec(value))


@contextmanager
def open_array(source: str | Path | int, value: type[V]) -> Generator[ArrayMapping[V], None, None]:
    """An array, by the path it is pinned at or by its number in the kernel; otherwise as `open_map`."""
    with _opened(source) as opened:
        yield ArrayHandle(opened, MemoryCodec(value))


@contextmanager
def open_per_cpu_map(
    source: str | Path | int, key: type[K], value: type[V]
) -> Generator[PerCpuMapping[K, V], None, None]:
    """A per-CPU hash map or per-CPU LRU hash map; otherwise as `open_map`."""
    with _opened(source) as opened:
        yield PerCpuHashMapHandle(opened, MemoryCodec(key), MemoryCodec(value))


@contextmanager
def open_per_cpu_array(
    source: str | Path | int, value: type[V]
) -> Generator[PerCpuArrayMapping[V], None, None]:
    """A per-CPU array; otherwise as `open_map`."""
    with _opened(source) as opened:
        yield PerCpuArrayHandle(opened, MemoryCodec(value))


def _opened(source: str | Path | int) -> MapObject:
    kernel = RUNNING_KERNEL
    if isinstance(source, int):
        try:
            fd = kernel.fd_by_id("map", source)
        except KernelError as error:
            if error.errno == errno.ENOENT:
                raise UsageError(f"there is no map {source}", "`bpftool map` lists them") from None
            raise
    else:
        fd = open_pinned(kernel, source)
    descriptor = Descriptor(kernel, fd, f"map {source}")
    try:
        info = kernel.map_info(fd)
        spec = MapSpec(
            info.name.decode(errors="replace") or str(source),
            MapType(info.type),
            info.key_size,
            info.value_size,
            info.max_entries,
            MapFlags(info.map_flags),
        )
    except (KernelError, ValueError):
        descriptor.close()
        raise UsageError(f"{source} is no map of a kind that is known here") from None
    except BaseException:
        descriptor.close()
        raise
    return MapObject(kernel, descriptor, spec)
