"""Socket maps: a program sees the messages that sockets of the map send, or the data that they receive."""

from __future__ import annotations

import errno
import os

from osmia.errors import KernelError
from osmia.loader.attach.link import Link
from osmia.sys import Descriptor, Kernel
from osmia.uapi import AttachType


class SocketMapLink(Link):
    """A program on a socket map of a kernel without links there (before Linux 6.10)."""

    def __init__(
        self, kernel: Kernel, program: Descriptor, map: Descriptor, attach_type: AttachType, hook: str
    ) -> None:
        super().__init__(kernel, program, hook)
        self._map = map
        self._attach_type = attach_type

    def detach(self) -> None:
        """Take the program off the map; no error where that was done before."""
        if self._descriptor.closed:
            return
        try:
            self._kernel.program_detach(self.fd, self._map.fileno(), self._attach_type)
        except KernelError as error:
            if error.errno != errno.ENOENT:
                raise
        finally:
            self._descriptor.close()
            self._map.close()


def attach_socket_map(
    kernel: Kernel, program_fd: int, name: str, map_fd: int, attach_type: AttachType
) -> Link:
    """Attach a program to a map of sockets: by a link (Linux 6.10), else by BPF_PROG_ATTACH (4.14).

    Raises:
        KernelError: EBUSY where another program of this kind is there.
    """
    hook = f"{attach_type.name} of a socket map"
    try:
        fd = kernel.link_create(program_fd, map_fd, attach_type)
    except KernelError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise KernelError(error.errno, f"{hook}: {error.strerror}") from None
    else:
        return Link(kernel, Descriptor(kernel, fd, f"link of {name!r}"), hook)
    kernel.program_attach(program_fd, map_fd, attach_type)
    program = Descriptor(kernel, os.dup(program_fd), f"program {name!r}")
    return SocketMapLink(kernel, program, Descriptor(kernel, os.dup(map_fd), hook), attach_type, hook)
