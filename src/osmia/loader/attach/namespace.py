"""Network namespaces: a program chooses sockets for all that arrives (Linux 5.9, net/core/filter.c)."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from osmia.errors import AlreadyAttachedError, KernelError, UsageError
from osmia.loader.attach.link import Link
from osmia.loader.permission import refused
from osmia.sys import Descriptor, Kernel
from osmia.uapi import AttachType

_OWN = Path("/proc/thread-self/ns/net")


def attach_namespace(
    kernel: Kernel, program_fd: int, name: str, attach_type: AttachType, namespace: str | Path | None = None
) -> Link:
    """Attach a program to a network namespace, by default that of the calling thread.

    Raises:
        UsageError: no such namespace. AlreadyAttachedError: a flow dissector is there.
        PermissionDeniedError, KernelError.
    """
    path = _OWN if namespace is None else Path(namespace)
    hook = f"{attach_type.name} of the network namespace"
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "`ip netns` lists /run/netns") from None
    with Descriptor(kernel, opened, f"network namespace {path}") as target:
        try:
            fd = kernel.link_create(program_fd, target.fileno(), attach_type)
        except KernelError as error:
            if error.errno == errno.EPERM:
                raise refused(f"attach {name!r} to {path}") from None
            if error.errno == errno.E2BIG or error.errno == errno.EEXIST:
                raise AlreadyAttachedError(hook) from None
            raise KernelError(error.errno, f"{hook}: {error.strerror}") from None
    return Link(kernel, Descriptor(kernel, fd, f"link of {name!r}"), hook)
