"""Traffic control programs: on tcx where the kernel has it, else on clsact."""

from __future__ import annotations

from osmia.errors import NotSupportedError, UsageError
from osmia.loader.attach.clsact import attach_clsact
from osmia.loader.attach.link import Link
from osmia.loader.attach.tcx import DIRECTIONS, attach_tcx
from osmia.sys import Kernel
from osmia.uapi import AttachType


def attach_classifier(
    kernel: Kernel,
    program_fd: int,
    name: str,
    interface: str,
    attach_type: AttachType,
    *,
    first: bool = False,
    priority: int | None = None,
) -> Link:
    """Attach to a direction of an interface, behind the programs that are there or (`first`) before them.

    With tcx (Linux 6.6) by a bpf_link; before that, or where a priority is given, as a filter of the qdisc
    clsact, which runs behind tcx.

    Raises:
        UnknownInterfaceError, AlreadyAttachedError, NotSupportedError, PermissionDeniedError,
        UsageError, KernelError.
    """
    if attach_type not in DIRECTIONS:
        raise UsageError(f"{attach_type.name} is no direction", "give TCX_INGRESS or TCX_EGRESS")
    if priority is None:
        try:
            return attach_tcx(kernel, program_fd, name, interface, attach_type, first=first)
        except NotSupportedError:
            pass
    if first and priority is not None:
        raise UsageError("a priority says the place already", "give `first` or `priority`")
    # The newest filter of a priority runs first (cls_bpf_change).
    priority = 1 if first else priority
    egress = attach_type == AttachType.TCX_EGRESS
    return attach_clsact(kernel, program_fd, name, interface, egress=egress, priority=priority)
