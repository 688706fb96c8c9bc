"""A program on a hook."""

from __future__ import annotations

import errno
from types import TracebackType
from typing import Self

from osmia.errors import KernelError, UnknownInterfaceError
from osmia.sys import Descriptor, Kernel


class Link:
    """A program attached to a hook; `detach`, or leaving the `with` block, takes it off.

    The kernel takes it off as well when this process ends, however it ends.
    """

    def __init__(self, kernel: Kernel, descriptor: Descriptor, hook: str) -> None:
        self._kernel = kernel
        self._descriptor = descriptor
        self.hook = hook
        """The hook in words, such as "XDP on eth0"."""

    @property
    def attached(self) -> bool:
        """Whether it was not detached by this process; an interface that goes away detaches as well."""
        return not self._descriptor.closed

    @property
    def fd(self) -> int:
        """The file descriptor."""
        return self._descriptor.fileno()

    @property
    def id(self) -> int:
        """The kernel's number of this link."""
        return self._kernel.link_info(self.fd).id

    @property
    def program_id(self) -> int:
        """The kernel's number of the attached program."""
        return self._kernel.link_info(self.fd).prog_id

    def detach(self) -> None:
        """Take the program off the hook; no error where that was done before."""
        if self._descriptor.closed:
            return
        try:
            # Closing alone would leave the program running while a copy of the descriptor is open elsewhere.
            self._kernel.link_detach(self.fd)
        except KernelError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOLINK, errno.ENODEV):
                raise
        finally:
            self._descriptor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()

    def __repr__(self) -> str:
        return f"<link: {self.hook}{'' if self.attached else ', detached'}>"


def interface_index(kernel: Kernel, name: str) -> int:
    """The index of an interface of this network namespace.

    Raises:
        UnknownInterfaceError: with the names that exist.
    """
    index = kernel.interface_index(name)
    if index is None:
        raise UnknownInterfaceError(name, kernel.interface_names())
    return index


def program_name(kernel: Kernel, id: int) -> str:
    """The name of a program by its id; empty where it is gone or may not be read."""
    try:
        with Descriptor(kernel, kernel.fd_by_id("program", id), f"program {id}") as descriptor:
            return kernel.program_info(descriptor.fileno()).name.decode(errors="replace")
    except KernelError:
        return ""
