"""Control groups: a program sees what the processes of a group of the unified hierarchy do.

A bpf_link (Linux 5.7, kernel/bpf/cgroup.c); several programs run one after the other, and those of the groups
above as well.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from osmia.errors import KernelError, NotSupportedError, UsageError
from osmia.loader.attach.link import Link
from osmia.loader.permission import refused
from osmia.sys import Descriptor, Kernel
from osmia.uapi import AttachType


def attach_cgroup(
    kernel: Kernel, program_fd: int, name: str, cgroup: str | Path | int, attach_type: AttachType
) -> Link:
    """Attach a program to a control group, given by its folder or an open descriptor of it.

    Raises:
        UsageError: no such folder, or it is no control group of the unified hierarchy (cgroup v2).
        PermissionDeniedError, NotSupportedError, KernelError.
    """
    hook = f"{attach_type.name} of {cgroup}"
    with _opened(kernel, cgroup) as group:
        try:
            fd = kernel.link_create(program_fd, group.fileno(), attach_type)
        except KernelError as error:
            if error.errno == errno.EPERM:
                raise refused(f"attach {name!r} to {cgroup}") from None
            if error.errno == errno.EBADF:
                raise UsageError(
                    f"{cgroup} is no control group of the unified hierarchy",
                    "`mount -t cgroup2` names where it is; systemd has it at /sys/fs/cgroup",
                ) from None
            if error.errno == errno.EINVAL:
                raise NotSupportedError(
                    f"{attach_type.name} at control groups", needs="CONFIG_CGROUP_BPF"
                ) from None
            raise KernelError(error.errno, f"{hook}: {error.strerror}") from None
    return Link(kernel, Descriptor(kernel, fd, f"link of {name!r}"), hook)


def _opened(kernel: Kernel, cgroup: str | Path | int) -> Descriptor:
    if isinstance(cgroup, int):
        return Descriptor(kernel, os.dup(cgroup), "control group")
    try:
        fd = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"{cgroup}: {error.strerror}", "give the folder of a control group") from None
    return Descriptor(kernel, fd, f"control group {cgroup}")
