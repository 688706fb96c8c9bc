"""Handles of the programs at control groups, sockets and network namespaces, loaded or simulated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, SupportsBytes, TypeVar

if TYPE_CHECKING:
    from osmia.bpf.interface import Link, RunResult
    from osmia.lang import CgroupVerdict, u32
    from osmia.lang.local_storage import Owner
    from osmia.uapi import PerfHardware, PerfSoftware

__all__ = [
    "BloomMapping",
    "CgroupHandle",
    "CgroupSkbHandle",
    "HasDescriptor",
    "LocalStorageMapping",
    "MapOfMapsMapping",
    "NamespaceHandle",
    "NumberMapping",
    "PerfEventHandle",
    "QueueMapping",
    "SocketFilterHandle",
    "SocketHandle",
    "SocketMapHandle",
    "SocketMapping",
    "UprobeHandle",
]

K = TypeVar("K")
V = TypeVar("V")
H = TypeVar("H")
V_contra = TypeVar("V_contra", contravariant=True)


class HasDescriptor(Protocol):
    """A socket, or what else has a file descriptor."""

    def fileno(self) -> int:
        """The file descriptor."""
        ...


class CgroupHandle(Protocol):
    """A loaded program for control groups."""

    def attach(self, cgroup: str | Path | int) -> Link:
        """Attach to a control group of the unified hierarchy: its folder, or an open descriptor of it.

        The program sees what processes of this group and of those below it do, behind the programs that are
        there.

        Raises UsageError (no control group), PermissionDeniedError, NotSupportedError. Since Linux 5.7.
        """
        ...


class CgroupSkbHandle(CgroupHandle, Protocol):
    """A loaded program for packets of a control group."""

    def run(self, packet: bytes | SupportsBytes, *, repeat: int = 1) -> RunResult[CgroupVerdict]:
        """Run over a frame that starts with its Ethernet header, which the program does not see.

        Nothing is sent (BPF_PROG_TEST_RUN). The kernel gives `packet()` no bounds here: it finds nothing.
        The header is zero in the result's data.
        """
        ...


class SocketFilterHandle(Protocol):
    """A loaded socket filter."""

    def attach(self, socket: HasDescriptor) -> Link:
        """Attach to a socket; it replaces the filter that is there. Raises KernelError."""
        ...

    def run(self, packet: bytes | SupportsBytes, *, repeat: int = 1) -> RunResult[u32]:
        """Run over a frame that starts with its Ethernet header, which the program does not see."""
        ...


class SocketHandle(Protocol):
    """A loaded program for the sockets that share a port."""

    def attach(self, socket: HasDescriptor) -> Link:
        """Attach to a socket that has SO_REUSEPORT set; it decides for all that share its port."""
        ...


class NamespaceHandle(Protocol):
    """A loaded program for a network namespace."""

    def attach(self, namespace: str | Path | None = None) -> Link:
        """Attach to a network namespace, such as /run/netns/NAME; by default to that of this thread.

        Raises UsageError (no such namespace), PermissionDeniedError. Since Linux 5.9.
        """
        ...


class SocketMapHandle(Protocol):
    """A loaded program for the sockets of a map."""

    def attach(self, sockets: HasDescriptor) -> Link:
        """Attach to a map of sockets, `bpf[map]`.

        Do so before sockets are put in: those that are in already go on without it. Raises KernelError.
        """
        ...


class UprobeHandle(Protocol):
    """A loaded program for functions of user space."""

    def attach(self, *, pid: int | None = None, binary: str | None = None, cookie: int = 0) -> Link:
        """Attach to what the decorator names, in one process or in all; `binary` names another file.

        The program reads `cookie` with `get_attach_cookie(ctx)`: it tells several attachments of one program
        apart (Linux 5.15).

        Raises UsageError (no such file, function or process), MalformedError, PermissionDeniedError,
        NotSupportedError. Since Linux 4.17.
        """
        ...


class PerfEventHandle(Protocol):
    """A loaded program for samples."""

    def attach(
        self,
        event: PerfSoftware | PerfHardware = ...,
        *,
        frequency: int | None = None,
        period: int | None = None,
        cpu: int | None = None,
        pid: int | None = None,
    ) -> Link:
        """Run `frequency` times a second (99), or once in `period` events, on one processor or on all.

        The usual event is the clock of each processor (nanoseconds). Raises UsageError, NotSupportedError (no
        such counter), PermissionDeniedError.
        """
        ...


class QueueMapping(Protocol[V]):
    """A queue or stack."""

    def push(self, value: V, /) -> None:
        """Add a value. Raises MapFullError."""
        ...

    def pop(self) -> V | None:
        """Take the value that leaves next; None where there is none."""
        ...

    def peek(self) -> V | None:
        """The value that leaves next, which stays; None where there is none."""
        ...


class BloomMapping(Protocol[V_contra]):
    """A Bloom filter."""

    def add(self, value: V_contra, /) -> None:
        """Add a value; nothing can be taken out."""
        ...

    def __contains__(self, value: V_contra, /) -> bool: ...


class NumberMapping(Protocol):
    """Interface indices by number, or sizes of queues by processor."""

    def __getitem__(self, key: int, /) -> int: ...

    def __setitem__(self, key: int, number: int, /) -> None: ...

    def __delitem__(self, key: int, /) -> None: ...

    def __contains__(self, key: int, /) -> bool: ...

    def __iter__(self) -> Iterator[int]: ...

    def __len__(self) -> int: ...

    def set(self, key: int, number: int, program: HasDescriptor, /) -> None:
        """Set an entry with a program that runs at the other end. Raises UsageError."""
        ...


class SocketMapping(Protocol[K]):
    """Sockets by key: they go in by their descriptors, and leave when they are closed."""

    def __setitem__(self, key: K, socket: HasDescriptor, /) -> None: ...

    def __delitem__(self, key: K, /) -> None: ...

    def __contains__(self, key: K, /) -> bool: ...

    def __iter__(self) -> Iterator[K]: ...

    def __len__(self) -> int: ...

    def fileno(self) -> int:
        """The map's file descriptor."""
        ...


class MapOfMapsMapping(Protocol[K, H]):
    """Maps by key, each with the handle that a map of its kind has."""

    def create(self) -> H:
        """A new map of the kind that this map holds, empty and not yet in it.

        It stays open, in the map or not, until the `Bpf` is closed: let two maps take turns where many would
        be made.
        """
        ...

    def __getitem__(self, key: K, /) -> H:
        """The map under a key; one that another process put there needs CAP_SYS_ADMIN."""
        ...

    def __setitem__(self, key: K, inner: H, /) -> None:
        """Put a map there, at once for all programs; those that run may use the one before to their end.

        Raises UsageError (a map of another kind), MapFullError.
        """
        ...

    def __delitem__(self, key: K, /) -> None: ...

    def __contains__(self, key: object, /) -> bool: ...

    def __iter__(self) -> Iterator[K]: ...

    def __len__(self) -> int: ...

    def get(self, key: K, /) -> H | None:
        """The map under a key, or None."""
        ...


class LocalStorageMapping(Protocol[V]):
    """Values by their owners: a pidfd, a socket, an open file, an open folder of a control group.

    In simulation the owner is the struct or context that the program was called with. UsageError for what can
    have no value.
    """

    def get(self, owner: HasDescriptor | int | Owner, /) -> V | None:
        """The owner's value, a copy; None where it has none."""
        ...

    def __getitem__(self, owner: HasDescriptor | int | Owner, /) -> V: ...

    def __setitem__(self, owner: HasDescriptor | int | Owner, value: V, /) -> None: ...

    def __delitem__(self, owner: HasDescriptor | int | Owner, /) -> None: ...

    def __contains__(self, owner: HasDescriptor | int | Owner, /) -> bool: ...
