"""What this kernel and this user can do: probed, never taken from the kernel's version."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from osmia.btf import Btf, encode_btf, types
from osmia.errors import KernelError
from osmia.loader.attach.tcx import supports_tcx
from osmia.loader.instructions import Instruction
from osmia.loader.permission import missing_capabilities
from osmia.sys import RUNNING_KERNEL, Descriptor, Kernel, ProgramImage
from osmia.uapi import MapFlags, MapType, ProgramType

_RETURN_ZERO = Instruction(0xB7, 0, 0, 0, 0).pack() + Instruction(0x95, 0, 0, 0, 0).pack()
_ENOTSUPP = 524
_REFUSED = (errno.EPERM, errno.EACCES)
_MISSING = (errno.EINVAL, errno.EOPNOTSUPP, _ENOTSUPP, errno.ENOSYS, errno.ENODEV)


class Answer(Enum):
    """What a probe found out."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Feature:
    """A feature, whether it is there, and in words why not or why that is not known."""

    name: str
    answer: Answer
    reason: str = ""


@dataclass(frozen=True)
class _Probe:
    """`attempt` raises what the kernel says; `needs` is the kernel version or option that has the feature."""

    name: str
    needs: str
    attempt: Callable[[Kernel], None]


def _program(type: ProgramType) -> Callable[[Kernel], None]:
    def attempt(kernel: Kernel) -> None:
        kernel.close(kernel.program_load(ProgramImage(type, "probe", _RETURN_ZERO, "GPL")))

    return attempt


def _map(
    type: MapType, key: int, value: int, entries: int = 1, flags: MapFlags | int = 0
) -> Callable[[Kernel], None]:
    def attempt(kernel: Kernel) -> None:
        kernel.close(kernel.map_create(type, key, value, entries, flags=flags, name="probe"))

    return attempt


def _ring_buffer(kernel: Kernel) -> None:
    _map(MapType.RINGBUF, 0, 0, kernel.page_size())(kernel)


def _batch(kernel: Kernel) -> None:
    with Descriptor(kernel, kernel.map_create(MapType.HASH, 4, 4, 1, name="probe"), "probe map") as map_fd:
        kernel.map_lookup_batch(map_fd.fileno(), None, 1, 4, 4)


def _btf(kernel: Kernel) -> None:
    kernel.close(kernel.btf_load(encode_btf(Btf((types.Int("int", 4, 32, 1),), b"\0"))))


def _tcx(kernel: Kernel) -> None:
    if not supports_tcx(kernel):
        raise KernelError(errno.EINVAL, "tcx is not known")


_PROBES = (
    _Probe("BPF programs", "CONFIG_BPF_SYSCALL", _program(ProgramType.SOCKET_FILTER)),
    _Probe("XDP programs", "Linux 4.8", _program(ProgramType.XDP)),
    _Probe("traffic control programs", "Linux 4.1", _program(ProgramType.SCHED_CLS)),
    _Probe("tcx", "Linux 6.6", _tcx),
    _Probe("hash map", "Linux 3.19", _map(MapType.HASH, 4, 4)),
    _Probe("LRU hash map", "Linux 4.10", _map(MapType.LRU_HASH, 4, 4)),
    _Probe("per-CPU hash map", "Linux 4.6", _map(MapType.PERCPU_HASH, 4, 4)),
    _Probe("LPM trie", "Linux 4.11", _map(MapType.LPM_TRIE, 8, 4, flags=MapFlags.NO_PREALLOC)),
    _Probe("perf event array", "Linux 4.3", _map(MapType.PERF_EVENT_ARRAY, 4, 4)),
    _Probe("ring buffer", "Linux 5.8", _ring_buffer),
    _Probe("map batches", "Linux 5.6", _batch),
    _Probe("BTF", "Linux 4.18 with CONFIG_DEBUG_INFO_BTF", _btf),
)


class Features:
    """Probes one kernel; an answer is remembered only where it was conclusive."""

    def __init__(self, kernel: Kernel = RUNNING_KERNEL) -> None:
        self._kernel = kernel
        self._known: dict[str, Feature] = {}

    def all(self) -> tuple[Feature, ...]:
        """Capabilities, everything that can be probed, and the mounts."""
        return (*self._capabilities(), *(self._probed(probe) for probe in _PROBES), *self._files())

    def feature(self, name: str) -> Feature:
        """One feature by its name; KeyError for a name that is not probed."""
        for probe in _PROBES:
            if probe.name == name:
                return self._probed(probe)
        return {feature.name: feature for feature in (*self._capabilities(), *self._files())}[name]

    def _probed(self, probe: _Probe) -> Feature:
        if probe.name in self._known:
            return self._known[probe.name]
        try:
            probe.attempt(self._kernel)
            found = Feature(probe.name, Answer.YES)
        except KernelError as error:
            if error.errno in _REFUSED:
                return Feature(probe.name, Answer.UNKNOWN, f"not permitted to ask ({error.strerror})")
            if error.errno not in _MISSING:
                return Feature(probe.name, Answer.UNKNOWN, str(error.strerror))
            found = Feature(probe.name, Answer.NO, f"needs {probe.needs}")
        self._known[probe.name] = found
        return found

    def _capabilities(self) -> tuple[Feature, ...]:
        asks = (
            ("load network programs", ProgramType.XDP),
            ("load tracing programs", ProgramType.TRACEPOINT),
        )
        found: list[Feature] = []
        for name, type in asks:
            missing = missing_capabilities(self._kernel, [type])
            reason = f"missing {', '.join(missing)}" if missing else ""
            found.append(Feature(name, Answer.NO if missing else Answer.YES, reason))
        return tuple(found)

    def _files(self) -> tuple[Feature, ...]:
        mounts = self._kernel.mounts()

        def mounted(type: str, name: str, command: str) -> Feature:
            if type in mounts:
                return Feature(name, Answer.YES, f"at {mounts[type]}")
            return Feature(name, Answer.NO, f"not mounted; {command}")

        has_btf = self._kernel.kernel_btf()
        return (
            Feature(
                "kernel BTF",
                Answer.YES if has_btf else Answer.NO,
                "" if has_btf else "needs a kernel with CONFIG_DEBUG_INFO_BTF",
            ),
            mounted("bpf", "bpffs", "mount -t bpf bpf /sys/fs/bpf"),
            mounted("tracefs", "tracefs", "mount -t tracefs tracefs /sys/kernel/tracing"),
        )
