"""tcx: a program sees each packet of one direction of an interface as a socket buffer.

A bpf_link on the interface (Linux 6.6, kernel/bpf/tcx.c); several programs run one after the other.
"""

from __future__ import annotations

import errno

from osmia.errors import AlreadyAttachedError, KernelError, NotSupportedError, UsageError
from osmia.loader.attach.link import Link, interface_index
from osmia.loader.permission import refused
from osmia.sys import Descriptor, Kernel
from osmia.uapi import AttachFlags, AttachType

_NO_INTERFACE = 0x7FFFFFFF
DIRECTIONS = {AttachType.TCX_INGRESS: "ingress", AttachType.TCX_EGRESS: "egress"}


def attach_tcx(
    kernel: Kernel,
    program_fd: int,
    name: str,
    interface: str,
    attach_type: AttachType,
    *,
    first: bool = False,
) -> Link:
    """Attach a program behind those that are there, or before them; the same one cannot be there twice.

    Raises:
        UnknownInterfaceError, AlreadyAttachedError, NotSupportedError, PermissionDeniedError,
        UsageError, KernelError.
    """
    direction = DIRECTIONS.get(attach_type)
    if direction is None:
        raise UsageError(f"{attach_type.name} is no direction", "give TCX_INGRESS or TCX_EGRESS")
    index = interface_index(kernel, interface)
    hook = f"tcx {direction} on {interface}"
    try:
        fd = kernel.link_create(program_fd, index, attach_type, AttachFlags.BEFORE if first else 0)
    except KernelError as error:
        if error.errno == errno.EPERM:
            raise refused(f"attach {name!r} to {interface}") from None
        if error.errno == errno.EEXIST:
            raise AlreadyAttachedError(hook, name, kernel.program_info(program_fd).id) from None
        if error.errno == errno.EINVAL and not supports_tcx(kernel):
            raise NotSupportedError("tcx", needs="Linux 6.6") from None
        raise KernelError(error.errno, f"{hook}: {error.strerror}") from None
    return Link(kernel, Descriptor(kernel, fd, f"link of {name!r}"), hook)


def supports_tcx(kernel: Kernel) -> bool:
    """Whether the kernel has tcx: it then misses the interface asked for, not the attach type.

    Raises:
        KernelError: the kernel may not be asked.
    """
    try:
        kernel.program_query(_NO_INTERFACE, AttachType.TCX_INGRESS)
    except KernelError as error:
        if error.errno not in (errno.ENODEV, errno.EINVAL):
            raise
        return error.errno == errno.ENODEV
    return True
