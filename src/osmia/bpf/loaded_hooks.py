"""Programs at control groups, sockets and network namespaces in the running kernel."""

from __future__ import annotations

from contextlib import ExitStack
from enum import Enum
from pathlib import Path
from typing import Any, Generic, SupportsBytes, TypeVar

from osmia.bpf.hooks import HasDescriptor
from osmia.bpf.interface import RunResult
from osmia.lang import (
    CgroupProgram,
    CgroupSkbProgram,
    CgroupVerdict,
    PerfEventProgram,
    Program,
    SkLookupProgram,
    SkMsgProgram,
    SkReuseportProgram,
    SkSkbProgram,
    SocketFilterProgram,
    SockOpsProgram,
    UprobeProgram,
    UretprobeProgram,
    XdpMapProgram,
    u32,
)
from osmia.loader import EVERY_PROCESS, Link, ProgramHandle
from osmia.uapi import PerfHardware, PerfSoftware

__all__ = ["LOADED_HOOKS", "LoadedHook"]

A = TypeVar("A", bound="u32 | Enum")


class LoadedHook:
    """A program in the kernel."""

    def __init__(self, handle: ProgramHandle, links: ExitStack, program: Program[Any, Any]) -> None:
        self.program = program
        self.handle = handle
        """The loader's handle: instructions, statistics, file descriptor."""
        self._links = links

    def fileno(self) -> int:
        """The program's file descriptor."""
        return self.handle.fd


class LoadedCgroup(LoadedHook):
    """A program for control groups."""

    def attach(self, cgroup: str | Path | int) -> Link:
        """Attach to a control group; see `CgroupHandle`."""
        return self._links.enter_context(self.handle.attach_cgroup(cgroup))


class _Runs(LoadedHook, Generic[A]):
    """What runs over a packet."""

    action: type[A]

    def run(self, packet: bytes | SupportsBytes, *, repeat: int = 1) -> RunResult[A]:
        """Run over a frame with BPF_PROG_TEST_RUN."""
        result = self.handle.run(bytes(packet), repeat=repeat)
        return RunResult(self.action(result.value), result.data, result.duration)


class LoadedCgroupSkb(LoadedCgroup, _Runs[CgroupVerdict]):
    """A program for packets of a control group."""

    action = CgroupVerdict


class LoadedSocketFilter(_Runs[u32]):
    """A socket filter."""

    action = u32

    def attach(self, socket: HasDescriptor) -> Link:
        """Attach to a socket; see `SocketFilterHandle`."""
        return self._links.enter_context(self.handle.attach_socket(socket))


class LoadedReuseport(LoadedHook):
    """A program for the sockets that share a port."""

    def attach(self, socket: HasDescriptor) -> Link:
        """Attach to a socket of the group; see `SocketHandle`."""
        return self._links.enter_context(self.handle.attach_socket(socket))


class LoadedSocketMap(LoadedHook):
    """A program for the sockets of a map."""

    def attach(self, sockets: HasDescriptor) -> Link:
        """Attach to a map of sockets; see `SocketMapHandle`."""
        return self._links.enter_context(self.handle.attach_socket_map(sockets))


class LoadedNamespace(LoadedHook):
    """A program for a network namespace."""

    def attach(self, namespace: str | Path | None = None) -> Link:
        """Attach to a network namespace; see `NamespaceHandle`."""
        return self._links.enter_context(self.handle.attach_namespace(namespace))


class LoadedUprobe(LoadedHook):
    """A program for functions of user space."""

    def __init__(self, handle: ProgramHandle, links: ExitStack, program: Program[Any, Any]) -> None:
        super().__init__(handle, links, program)
        assert isinstance(program, UprobeProgram)
        self._declared = program

    def attach(self, *, pid: int | None = None, binary: str | None = None, cookie: int = 0) -> Link:
        """Attach to what the decorator names; see `UprobeHandle`."""
        return self._links.enter_context(
            self.handle.attach_uprobe(
                self._declared.binary if binary is None else binary,
                self._declared.symbol,
                pid=EVERY_PROCESS if pid is None else pid,
                at_return=isinstance(self._declared, UretprobeProgram),
                cookie=cookie,
            )
        )


class LoadedPerfEvent(LoadedHook):
    """A program for samples."""

    def attach(
        self,
        event: PerfSoftware | PerfHardware = PerfSoftware.CPU_CLOCK,
        *,
        frequency: int | None = None,
        period: int | None = None,
        cpu: int | None = None,
        pid: int | None = None,
    ) -> Link:
        """Attach to samples; see `PerfEventHandle`."""
        return self._links.enter_context(
            self.handle.attach_samples(event, frequency=frequency, period=period, cpu=cpu, pid=pid)
        )


LOADED_HOOKS: dict[type[Program[Any, Any]], type[LoadedHook]] = {
    CgroupProgram: LoadedCgroup,
    CgroupSkbProgram: LoadedCgroupSkb,
    SkLookupProgram: LoadedNamespace,
    SkMsgProgram: LoadedSocketMap,
    SkReuseportProgram: LoadedReuseport,
    SkSkbProgram: LoadedSocketMap,
    SockOpsProgram: LoadedCgroup,
    SocketFilterProgram: LoadedSocketFilter,
    XdpMapProgram: LoadedHook,
    UprobeProgram: LoadedUprobe,
    PerfEventProgram: LoadedPerfEvent,
}
"""The handle of each kind of program."""
