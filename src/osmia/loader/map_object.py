"""A map in the kernel: its descriptor and what it is, without key and value types."""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType
from typing import Self

from osmia.dataclass import replace
from osmia.errors import KernelError, PermissionDeniedError
from osmia.loader.memory_lock import with_memory_lock
from osmia.loader.permission import refused
from osmia.loader.pinning import pin
from osmia.loader.specification import MapSpec
from osmia.sys import Descriptor, Kernel
from osmia.uapi import MapType, UpdateFlags
from osmia.uapi.records import MapInfo

_ENOTSUPP = 524
_PER_CPU = frozenset({MapType.PERCPU_HASH, MapType.PERCPU_ARRAY, MapType.LRU_PERCPU_HASH})
_WITHOUT_BTF = frozenset(
    {
        MapType.PERF_EVENT_ARRAY,
        MapType.CGROUP_ARRAY,
        MapType.PROG_ARRAY,
        MapType.STACK_TRACE,
        MapType.ARRAY_OF_MAPS,
        MapType.HASH_OF_MAPS,
        MapType.DEVMAP,
        MapType.DEVMAP_HASH,
        MapType.CPUMAP,
        MapType.XSKMAP,
        MapType.SOCKMAP,
        MapType.SOCKHASH,
        MapType.QUEUE,
        MapType.STACK,
        MapType.RINGBUF,
    }
)


class MapObject:
    """A map in the kernel; handles (`HashMapHandle` and so on) read and write it."""

    def __init__(self, kernel: Kernel, descriptor: Descriptor, spec: MapSpec) -> None:
        self.kernel = kernel
        self.spec = spec
        self._descriptor = descriptor

    @property
    def name(self) -> str:
        """The name in the object file; the kernel keeps 15 characters of it."""
        return self.spec.name

    @property
    def per_cpu(self) -> bool:
        """Whether a key has one value for each possible CPU."""
        return self.spec.type in _PER_CPU

    @property
    def lock_flag(self) -> UpdateFlags:
        """The flag of a read or a write under the value's spin lock (Linux 5.1), if it has one."""
        return UpdateFlags.F_LOCK if self.spec.locked else UpdateFlags.ANY

    def fileno(self) -> int:
        """The file descriptor."""
        return self._descriptor.fileno()

    def info(self) -> MapInfo:
        """What the kernel tells: id, sizes, BTF ids."""
        return self.kernel.map_info(self.fileno())

    @property
    def id(self) -> int:
        """The kernel's number of this map."""
        return self.info().id

    def pin(self, path: str | Path) -> None:
        """Give the map a name in a bpffs; it stays under it when this process ends.

        Raises:
            UsageError: the name is taken, or its folder is not in a bpffs.
        """
        pin(self.kernel, self.fileno(), path)

    def freeze(self) -> None:
        """Make the map read-only for user space, for good (Linux 5.2); programs may go on writing it."""
        self.kernel.map_freeze(self.fileno())

    def close(self) -> None:
        """Give up the descriptor; the map goes when no program uses it."""
        self._descriptor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<map {self.name!r}: {self.spec.type.name}, {self.spec.max_entries} entries>"


def fitted(kernel: Kernel, spec: MapSpec) -> MapSpec:
    """The specification with the sizes that depend on this machine."""
    if spec.type == MapType.PERF_EVENT_ARRAY:
        return replace(spec, max_entries=max(spec.max_entries, kernel.possible_cpus()[-1] + 1))
    if spec.type == MapType.RINGBUF:
        pages = max(kernel.page_size(), spec.max_entries)
        return replace(spec, max_entries=1 << (pages - 1).bit_length())
    return spec


def create_map(kernel: Kernel, spec: MapSpec, btf_fd: int = 0) -> MapObject:
    """Create a map, with the BTF ids of key and value where its type takes them.

    Raises:
        PermissionDeniedError: the kernel refuses.
        KernelError: sizes or flags that the kernel does not take.
    """
    spec = fitted(kernel, spec)
    if spec.inner is not None:
        # The kernel takes the kind of the maps in it from one of them.
        with create_map(kernel, spec.inner, btf_fd) as pattern:
            return _create(kernel, spec, btf_fd, pattern.fileno())
    return _create(kernel, spec, btf_fd)


def _create(kernel: Kernel, spec: MapSpec, btf_fd: int, inner_map_fd: int = 0) -> MapObject:
    with_types = btf_fd > 0 and spec.type not in _WITHOUT_BTF and spec.value_type_id > 0

    def create(typed: bool) -> int:
        return kernel.map_create(
            spec.type,
            spec.key_size,
            spec.value_size,
            spec.max_entries,
            flags=spec.flags,
            name=spec.name,
            btf_fd=btf_fd if typed else 0,
            key_type_id=spec.key_type_id if typed else 0,
            value_type_id=spec.value_type_id if typed else 0,
            inner_map_fd=inner_map_fd,
        )

    try:
        fd = with_memory_lock(kernel, lambda: create(with_types))
    except KernelError as error:
        if error.errno == errno.EPERM:
            raise _refused(spec) from None
        if not with_types or error.errno not in (errno.EINVAL, _ENOTSUPP):
            raise _named(error, spec) from None
        try:
            fd = create(False)
        except KernelError as second:
            raise _named(second, spec) from None
    return MapObject(kernel, Descriptor(kernel, fd, f"map {spec.name!r}"), spec)


def _refused(spec: MapSpec) -> PermissionDeniedError:
    return refused(f"create map {spec.name!r}")


def _named(error: KernelError, spec: MapSpec) -> KernelError:
    description = (
        f"{spec.type.name}, key {spec.key_size} and value {spec.value_size} bytes, "
        f"{spec.max_entries} entries, flags {int(spec.flags):#x}"
    )
    return KernelError(error.errno, f"{error.strerror} ({description})")
