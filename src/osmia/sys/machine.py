"""What this machine and process are: CPUs, capabilities, mounts, interfaces, namespaces, limits."""

from __future__ import annotations

import os
import resource
import socket
import sys
from enum import IntEnum
from pathlib import Path

from osmia.dataclass import dataclass
from osmia.errors import KernelError, NotSupportedError, PermissionDeniedError, UsageError
from osmia.sys.route import XdpState, xdp_state
from osmia.sys.syscall import Syscall, syscall, weakly_ordered

_MEMBARRIER_GLOBAL_EXPEDITED = 2


class Capability(IntEnum):
    """The capabilities that BPF asks for (capabilities(7)); numbers are bits of the effective set."""

    CAP_DAC_READ_SEARCH = 2
    CAP_NET_ADMIN = 12
    CAP_SYS_PTRACE = 19
    CAP_SYS_ADMIN = 21
    CAP_SYS_RESOURCE = 24
    CAP_PERFMON = 38
    CAP_BPF = 39


def cpu_list(text: str) -> tuple[int, ...]:
    """CPU numbers from the kernel's list format, such as `0-3,6`."""
    cpus: list[int] = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cpus.extend(range(int(first), int(last or first) + 1))
    return tuple(cpus)


@dataclass(frozen=True)
class EventSource:
    """A kind of perf event whose number the kernel gives at boot."""

    type: int
    return_bit: int
    """The bit of `config` that asks for the return of a function."""


class MachineCalls:
    """Questions to the machine, and the few things that are set on the process."""

    def possible_cpus(self) -> tuple[int, ...]:
        """CPUs that may ever be online: per-CPU maps hold a value for each."""
        return cpu_list(Path("/sys/devices/system/cpu/possible").read_text())

    def online_cpus(self) -> tuple[int, ...]:
        """CPUs that run now."""
        return cpu_list(Path("/sys/devices/system/cpu/online").read_text())

    def page_size(self) -> int:
        """Bytes of a memory page."""
        return resource.getpagesize()

    def capabilities(self) -> frozenset[Capability]:
        """This process's effective capabilities, as far as BPF asks for them."""
        status = Path("/proc/self/status").read_text()
        bits = next((int(line[7:], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)
        return frozenset(capability for capability in Capability if bits >> capability & 1)

    def setting(self, name: str) -> str | None:
        """A value below /proc/sys, such as `kernel.unprivileged_bpf_disabled`; None where it is not there."""
        try:
            return Path("/proc/sys", *name.split(".")).read_text().strip()
        except OSError:
            return None

    def lockdown(self) -> str | None:
        """The kernel's lockdown: "none", "integrity" or "confidentiality"; None where it is not shown."""
        try:
            text = Path("/sys/kernel/security/lockdown").read_text()
        except OSError:
            return None
        return text.partition("[")[2].partition("]")[0] or None

    def mounts(self) -> dict[str, str]:
        """Mounted file systems that BPF uses: type to the first mount point."""
        found: dict[str, str] = {}
        for line in Path("/proc/self/mounts").read_text().splitlines():
            fields = line.split(" ")
            if len(fields) > 2 and fields[2] in {"bpf", "tracefs", "debugfs", "cgroup2"}:
                found.setdefault(fields[2], fields[1].encode().decode("unicode_escape"))
        return found

    def event_source(self, name: str) -> EventSource | None:
        """A kind of perf event, such as "kprobe"; None where the kernel lacks it."""
        folder = Path("/sys/bus/event_source/devices") / name
        try:
            number = int((folder / "type").read_text())
            return_bit = int((folder / "format" / "retprobe").read_text().removeprefix("config:"))
        except OSError:
            return None
        return EventSource(number, return_bit)

    def tracepoint_id(self, category: str, name: str) -> int:
        """The number of a tracepoint, from tracefs; errors as of `tracepoint_format`."""
        return int(self._tracepoint_file(category, name, "id"))

    def tracepoint_format(self, category: str, name: str) -> str:
        """The layout of a tracepoint's record, from tracefs.

        Raises:
            NotSupportedError: tracefs is not mounted.
            UsageError: there is no such tracepoint.
            PermissionDeniedError: tracefs may not be read.
        """
        return self._tracepoint_file(category, name, "format")

    def _tracepoint_file(self, category: str, name: str, file: str) -> str:
        mounts = self.mounts()
        root = mounts.get("tracefs") or (f"{mounts['debugfs']}/tracing" if "debugfs" in mounts else None)
        if root is None:
            raise NotSupportedError(
                "tracepoints by name", needs="tracefs: mount -t tracefs tracefs /sys/kernel/tracing"
            )
        try:
            return (Path(root) / "events" / category / name / file).read_text()
        except PermissionError:
            help_text = "run it as root, or use raw_tracepoint, which needs no tracefs"
            raise PermissionDeniedError("read tracefs", ("CAP_DAC_READ_SEARCH",), help_text) from None
        except OSError:
            raise UsageError(
                f"there is no tracepoint {category}/{name}", f"{root}/events lists them"
            ) from None

    def kernel_btf(self) -> bool:
        """Whether the kernel shows its own BTF."""
        return os.access("/sys/kernel/btf/vmlinux", os.R_OK)

    def kernel_btf_data(self, module: str = "vmlinux") -> bytes | None:
        """The BTF of the kernel, or of a module as split BTF over it; None where the kernel shows none."""
        try:
            return Path("/sys/kernel/btf", module).read_bytes()
        except OSError:
            return None

    def modules_with_btf(self) -> tuple[str, ...]:
        """The loaded modules that show their types (Linux 5.11)."""
        try:
            return tuple(sorted({each.name for each in Path("/sys/kernel/btf").iterdir()} - {"vmlinux"}))
        except OSError:
            return ()

    def interface_index(self, name: str) -> int | None:
        """The index of a network interface of this namespace, or None."""
        try:
            return socket.if_nametoindex(name)
        except OSError:
            return None

    def interface_name(self, index: int) -> str | None:
        """The name of a network interface of this namespace, or None."""
        try:
            return socket.if_indextoname(index)
        except OSError:
            return None

    def interface_names(self) -> tuple[str, ...]:
        """The network interfaces of this namespace."""
        return tuple(name for _, name in socket.if_nameindex())

    def xdp_state(self, index: int) -> XdpState:
        """Which XDP programs an interface has, and in which mode."""
        return xdp_state(index)

    def raise_memory_lock_limit(self) -> None:
        """Lift RLIMIT_MEMLOCK, to which kernels before 5.11 charge maps; needs CAP_SYS_RESOURCE."""
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def network_namespace(self) -> int:
        """The number of this thread's network namespace."""
        return Path("/proc/thread-self/ns/net").stat().st_ino

    def enter_namespace(self, fd: int) -> None:
        """Move the calling thread into the namespace of a descriptor of /proc/PID/ns; needs CAP_SYS_ADMIN."""
        syscall(Syscall.SETNS, "enter a namespace", fd, 0)

    def memory_barrier(self) -> None:
        """Keep reads after this call behind reads before it, so that a ring's data follow its position.

        Python has no acquire load. x86-64 needs none; elsewhere membarrier(2) gives a full barrier
        (MEMBARRIER_CMD_GLOBAL_EXPEDITED, Linux 4.16).
        """
        if weakly_ordered():
            syscall(Syscall.MEMBARRIER, "order memory reads", _MEMBARRIER_GLOBAL_EXPEDITED, 0, 0)

    def close(self, fd: int) -> None:
        """Close a file descriptor."""
        try:
            os.close(fd)
        except OSError as error:
            if sys.is_finalizing():
                return
            raise KernelError(error.errno, f"close descriptor {fd}: {error.strerror}") from None
