"""Maps that are in the kernel already, by the name they are pinned at or by their number."""

from __future__ import annotations

import errno
from pathlib import Path

from osmia.errors import KernelError, UsageError
from osmia.loader.map_object import MapObject
from osmia.loader.pinning import open_pinned
from osmia.loader.specification import MapSpec
from osmia.sys import RUNNING_KERNEL, Descriptor, Kernel
from osmia.uapi import MapFlags, MapType


def open_map_object(source: str | Path | int, kernel: Kernel = RUNNING_KERNEL) -> MapObject:
    """A map of this or another process; by its number it needs CAP_SYS_ADMIN.

    Raises:
        UsageError: there is none, or it is of a kind that is not known here.
        KernelError.
    """
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
