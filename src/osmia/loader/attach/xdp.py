"""XDP: a program sees each packet as the driver receives it, before the kernel does.

A bpf_link on the interface (Linux 5.9, net/core/dev.c). Native mode runs in the driver, generic mode
behind it on any interface.
"""

from __future__ import annotations

import errno
from enum import Enum

from osmia.errors import AlreadyAttachedError, KernelError, NotSupportedError, UsageError
from osmia.loader.attach.link import Link, interface_index, program_name
from osmia.loader.permission import refused
from osmia.sys import Descriptor, Kernel
from osmia.uapi import AttachType, XdpFlags

_NO_FLAGS = XdpFlags(0)
_MODES = XdpFlags.SKB_MODE | XdpFlags.DRV_MODE | XdpFlags.HW_MODE
_TAKEN = (errno.EBUSY, errno.EEXIST)


class XdpMode(Enum):
    """Where an attached XDP program runs."""

    NATIVE = "native"
    GENERIC = "generic"
    OFFLOADED = "offloaded"


class XdpLink(Link):
    """An XDP program on an interface."""

    def __init__(self, kernel: Kernel, descriptor: Descriptor, hook: str, interface: str, index: int) -> None:
        super().__init__(kernel, descriptor, hook)
        self.interface = interface
        self._index = index

    @property
    def mode(self) -> XdpMode | None:
        """The mode in use, as the kernel tells; None where the interface no longer runs this program."""
        id = self.program_id
        state = self._kernel.xdp_state(self._index)
        for mode, program in (
            (XdpMode.NATIVE, state.native),
            (XdpMode.GENERIC, state.generic),
            (XdpMode.OFFLOADED, state.offloaded),
        ):
            if program == id:
                return mode
        return None


def check_flags(flags: XdpFlags) -> None:
    """Refuse combinations that mean nothing.

    Raises:
        UsageError: more than one mode, or REPLACE, which has no meaning for a link.
    """
    modes = [mode.name for mode in (XdpFlags.SKB_MODE, XdpFlags.DRV_MODE, XdpFlags.HW_MODE) if mode in flags]
    if len(modes) > 1:
        raise UsageError(f"{' and '.join(map(str, modes))} exclude each other", "give one mode, or none")
    if XdpFlags.REPLACE in flags:
        raise UsageError("XdpFlags.REPLACE cannot be used", "detach the other program's link first")
    unknown = int(flags) & ~int(_MODES | XdpFlags.UPDATE_IF_NOEXIST)
    if unknown:
        raise UsageError(f"XDP flags {unknown:#x} are not known")


def attach_xdp(
    kernel: Kernel, program_fd: int, name: str, interface: str, flags: XdpFlags = _NO_FLAGS
) -> XdpLink:
    """Attach a program to an interface of this network namespace.

    Without a mode the kernel chooses: native where the driver can, else generic. A program that is there
    is never replaced, so UPDATE_IF_NOEXIST changes nothing.

    Raises:
        UnknownInterfaceError, AlreadyAttachedError, PermissionDeniedError, NotSupportedError, UsageError.
    """
    check_flags(flags)
    index = interface_index(kernel, interface)
    hook = f"XDP on {interface}"
    mode = flags & _MODES
    try:
        fd = _attach(kernel, program_fd, index, mode)
    except KernelError as error:
        raise _explained(kernel, error, name, interface, index, mode) from None
    return XdpLink(kernel, Descriptor(kernel, fd, f"link of {name!r}"), hook, interface, index)


def _attach(kernel: Kernel, program_fd: int, index: int, mode: XdpFlags) -> int:
    try:
        return kernel.link_create(program_fd, index, AttachType.XDP, mode)
    except KernelError as error:
        # A driver may have native XDP and refuse it for now: MTU, queues, offloads.
        if mode or error.errno in (*_TAKEN, errno.EPERM, errno.ENODEV, errno.ENOMEM):
            raise
        return kernel.link_create(program_fd, index, AttachType.XDP, XdpFlags.SKB_MODE)


def _explained(
    kernel: Kernel, error: KernelError, name: str, interface: str, index: int, mode: XdpFlags
) -> Exception:
    hook = f"XDP on {interface}"
    if error.errno in _TAKEN:
        holders = kernel.xdp_state(index).program_ids()
        if holders:
            return AlreadyAttachedError(hook, program_name(kernel, holders[0]), holders[0])
        return AlreadyAttachedError(hook)
    if error.errno == errno.EPERM:
        return refused(f"attach {name!r} to {interface}")
    if mode == XdpFlags.HW_MODE:
        return NotSupportedError(f"XDP offload on {interface}", needs="a network card that runs BPF programs")
    if mode == XdpFlags.DRV_MODE and error.errno in (errno.EOPNOTSUPP, errno.EINVAL):
        return NotSupportedError(
            f"native XDP on {interface}", needs="a driver with XDP; XdpFlags.SKB_MODE works with any"
        )
    return KernelError(error.errno, f"{hook}: {error.strerror}")
