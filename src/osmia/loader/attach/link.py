"""A program on a hook."""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from osmia.errors import KernelError, NotSupportedError, UnknownInterfaceError
from osmia.loader.pinning import pin
from osmia.sys import Descriptor, Kernel
from osmia.uapi import LinkType


class HasDescriptor(Protocol):
    """What has a file descriptor."""

    def fileno(self) -> int:
        """The file descriptor."""
        ...


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
    def descriptor(self) -> Descriptor:
        """What keeps it attached."""
        return self._descriptor

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

    @property
    def kind(self) -> LinkType | None:
        """The kind of link as the kernel has it; None for one that is not known here."""
        number = self._kernel.link_info(self.fd).type
        try:
            return LinkType(number)
        except ValueError:
            return None

    def update(self, program: HasDescriptor) -> None:
        """Put another program of the same kind in the place of the attached one, without a gap (Linux 5.7).

        Raises:
            NotSupportedError: this kind of hook has no such exchange.
        """
        try:
            self._kernel.link_update(self.fd, program.fileno())
        except KernelError as error:
            if error.errno in (errno.EINVAL, errno.EOPNOTSUPP):
                raise NotSupportedError(
                    f"another program at {self.hook}", needs="a link of another kind: detach and attach"
                ) from None
            raise

    def pin(self, path: str | Path) -> None:
        """Give the link a name in a bpffs: the program stays on its hook when this process ends.

        Raises:
            UsageError: the name is taken, or its folder is not in a bpffs.
        """
        pin(self._kernel, self.fd, path)

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
