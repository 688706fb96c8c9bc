"""Sockets: a program filters one socket's packets, or chooses among those that share a port (socket(7))."""

from __future__ import annotations

import os
import socket

from osmia.errors import KernelError
from osmia.loader.attach.link import HasDescriptor, Link
from osmia.sys import Descriptor, Kernel

SO_ATTACH_BPF, SO_DETACH_BPF = 50, 27
SO_ATTACH_REUSEPORT_EBPF, SO_DETACH_REUSEPORT_BPF = 52, 68


class SocketLink(Link):
    """A program on a socket; it also goes when the socket is closed."""

    def __init__(self, kernel: Kernel, descriptor: Descriptor, hook: str, detach_option: int) -> None:
        super().__init__(kernel, descriptor, hook)
        self._detach_option = detach_option

    def detach(self) -> None:
        """Take the program off the socket; no error where that was done before."""
        if self._descriptor.closed:
            return
        try:
            _set(self.fd, self._detach_option, 0)
        except OSError:
            pass  # another filter, or none, is there by now
        finally:
            self._descriptor.close()


def _set(fd: int, option: int, value: int) -> None:
    with socket.socket(fileno=os.dup(fd)) as copy:
        copy.setsockopt(socket.SOL_SOCKET, option, value)


def attach_socket(
    kernel: Kernel, program_fd: int, target: HasDescriptor, *, reuseport: bool = False
) -> SocketLink:
    """Attach a program to a socket (SO_ATTACH_BPF, Linux 3.19; SO_ATTACH_REUSEPORT_EBPF, 4.5).

    Raises:
        KernelError: no socket, or one that is locked (SO_LOCK_FILTER).
    """
    hook = f"{'sockets that share a port with' if reuseport else 'socket'} {target.fileno()}"
    option = SO_ATTACH_REUSEPORT_EBPF if reuseport else SO_ATTACH_BPF
    try:
        _set(target.fileno(), option, program_fd)
        # A copy, so that the program can be taken off whoever closes the socket meanwhile.
        copy = Descriptor(kernel, os.dup(target.fileno()), hook)
    except OSError as error:
        raise KernelError(error.errno, f"{hook}: {error.strerror}") from None
    return SocketLink(kernel, copy, hook, SO_DETACH_REUSEPORT_BPF if reuseport else SO_DETACH_BPF)
