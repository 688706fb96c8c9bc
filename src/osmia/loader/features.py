"""What this kernel and this user can do: probed, never taken from the kernel's version."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from enum import Enum

from osmia.btf import Btf, encode_btf, types
from osmia.dataclass import dataclass
from osmia.errors import KernelError
from osmia.loader.attach.tcx import supports_tcx
from osmia.loader.helper_probe import probe_helpers
from osmia.loader.instructions import Instruction
from osmia.loader.memory_lock import with_memory_lock
from osmia.loader.permission import missing_capabilities
from osmia.sys import RUNNING_KERNEL, Capability, Descriptor, Kernel, ProgramImage
from osmia.uapi import AttachType, MapFlags, MapType, ProgramFlags, ProgramType

_RETURN_ZERO = Instruction(0xB7, 0, 0, 0, 0).pack() + Instruction(0x95, 0, 0, 0, 0).pack()
_ENOTSUPP = 524
_NO_DESCRIPTOR = 0xFFFF_FFFF
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


def _program(
    type: ProgramType, attach_type: int = 0, flags: ProgramFlags | int = 0
) -> Callable[[Kernel], None]:
    image = ProgramImage(type, "probe", _RETURN_ZERO, "GPL", attach_type, int(flags))

    def attempt(kernel: Kernel) -> None:
        kernel.close(kernel.program_load(image))

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


def _code(*instructions: Instruction) -> Callable[[Kernel], None]:
    code = b"".join(each.pack() for each in instructions) + _RETURN_ZERO

    def attempt(kernel: Kernel) -> None:
        kernel.close(kernel.program_load(ProgramImage(ProgramType.SOCKET_FILTER, "probe", code, "GPL")))

    return attempt


def _links(kernel: Kernel) -> None:
    """A kernel that knows links complains of the program, one that does not of the command."""
    try:
        kernel.link_create(_NO_DESCRIPTOR, 0, AttachType.XDP)
    except KernelError as error:
        if error.errno != errno.EBADF:
            raise


def _events(name: str) -> Callable[[Kernel], None]:
    def attempt(kernel: Kernel) -> None:
        if kernel.event_source(name) is None:
            raise KernelError(errno.ENODEV, f"there is no perf event {name}")

    return attempt


_TYPES = (
    ("socket filter", "Linux 3.19", ProgramType.SOCKET_FILTER, 0, 0),
    ("kprobe", "Linux 4.1 with CONFIG_BPF_EVENTS", ProgramType.KPROBE, 0, 0),
    ("tracepoint", "Linux 4.7 with CONFIG_BPF_EVENTS", ProgramType.TRACEPOINT, 0, 0),
    ("raw tracepoint", "Linux 4.17 with CONFIG_BPF_EVENTS", ProgramType.RAW_TRACEPOINT, 0, 0),
    ("perf event", "Linux 4.9 with CONFIG_BPF_EVENTS", ProgramType.PERF_EVENT, 0, 0),
    ("cgroup packet", "Linux 4.10 with CONFIG_CGROUP_BPF", ProgramType.CGROUP_SKB, 0, 0),
    (
        "cgroup socket address",
        "Linux 4.17 with CONFIG_CGROUP_BPF",
        ProgramType.CGROUP_SOCK_ADDR,
        AttachType.CGROUP_INET4_CONNECT,
        0,
    ),
    ("cgroup device", "Linux 4.15 with CONFIG_CGROUP_BPF", ProgramType.CGROUP_DEVICE, 0, 0),
    ("cgroup sysctl", "Linux 5.2 with CONFIG_CGROUP_BPF", ProgramType.CGROUP_SYSCTL, 0, 0),
    ("socket operations", "Linux 4.13 with CONFIG_CGROUP_BPF", ProgramType.SOCK_OPS, 0, 0),
    ("stream parser", "Linux 4.14 with CONFIG_BPF_STREAM_PARSER", ProgramType.SK_SKB, 0, 0),
    ("socket message", "Linux 4.17 with CONFIG_BPF_STREAM_PARSER", ProgramType.SK_MSG, 0, 0),
    ("socket lookup", "Linux 5.9", ProgramType.SK_LOOKUP, AttachType.SK_LOOKUP, 0),
    ("flow dissector", "Linux 4.20", ProgramType.FLOW_DISSECTOR, 0, 0),
    ("system call", "Linux 5.14", ProgramType.SYSCALL, 0, ProgramFlags.SLEEPABLE),
)
"""Types for which an empty program tells; one that names a function of the kernel needs more."""

_PROBES = (
    _Probe("BPF programs", "CONFIG_BPF_SYSCALL", _program(ProgramType.SOCKET_FILTER)),
    _Probe("XDP programs", "Linux 4.8", _program(ProgramType.XDP)),
    _Probe("traffic control programs", "Linux 4.1", _program(ProgramType.SCHED_CLS)),
    *(
        _Probe(f"{name} programs", needs, _program(type, attach_type, flags))
        for name, needs, type, attach_type, flags in _TYPES
    ),
    _Probe("tcx", "Linux 6.6", _tcx),
    _Probe("BPF links", "Linux 5.7", _links),
    _Probe("kprobe events", "Linux 4.17 with CONFIG_KPROBE_EVENTS", _events("kprobe")),
    _Probe("uprobe events", "Linux 4.17 with CONFIG_UPROBE_EVENTS", _events("uprobe")),
    _Probe("processor v3", "Linux 5.1", _code(Instruction(0xB4, 0, 0, 0, 0), Instruction(0x16, 0, 0, 0, 0))),
    _Probe("processor v4", "Linux 6.6", _code(Instruction(0xB7, 0, 0, 0, 0), Instruction(0xBF, 0, 0, 8, 0))),
    _Probe(
        "atomics that give the value before",
        "Linux 5.12",
        _code(
            Instruction(0x7A, 10, 0, -8, 0), Instruction(0xB7, 1, 0, 0, 1), Instruction(0xDB, 10, 1, -8, 1)
        ),
    ),
    _Probe("hash map", "Linux 3.19", _map(MapType.HASH, 4, 4)),
    _Probe("array", "Linux 3.19", _map(MapType.ARRAY, 4, 4)),
    _Probe("program array", "Linux 4.2", _map(MapType.PROG_ARRAY, 4, 4)),
    _Probe("LRU hash map", "Linux 4.10", _map(MapType.LRU_HASH, 4, 4)),
    _Probe("per-CPU hash map", "Linux 4.6", _map(MapType.PERCPU_HASH, 4, 4)),
    _Probe("per-CPU array", "Linux 4.6", _map(MapType.PERCPU_ARRAY, 4, 4)),
    _Probe("LPM trie", "Linux 4.11", _map(MapType.LPM_TRIE, 8, 4, flags=MapFlags.NO_PREALLOC)),
    _Probe("perf event array", "Linux 4.3", _map(MapType.PERF_EVENT_ARRAY, 4, 4)),
    _Probe("ring buffer", "Linux 5.8", _ring_buffer),
    _Probe("stack trace map", "Linux 4.6", _map(MapType.STACK_TRACE, 4, 8)),
    _Probe("queue", "Linux 4.20", _map(MapType.QUEUE, 0, 4)),
    _Probe("stack", "Linux 4.20", _map(MapType.STACK, 0, 4)),
    _Probe("Bloom filter", "Linux 5.16", _map(MapType.BLOOM_FILTER, 0, 4)),
    _Probe("device map", "Linux 4.14", _map(MapType.DEVMAP, 4, 4)),
    _Probe("CPU map", "Linux 4.15", _map(MapType.CPUMAP, 4, 4)),
    _Probe("XSK map", "Linux 4.18 with CONFIG_XDP_SOCKETS", _map(MapType.XSKMAP, 4, 4)),
    _Probe("socket map", "Linux 4.14 with CONFIG_BPF_STREAM_PARSER", _map(MapType.SOCKMAP, 4, 4)),
    _Probe("socket hash", "Linux 4.18 with CONFIG_BPF_STREAM_PARSER", _map(MapType.SOCKHASH, 4, 4)),
    _Probe("map batches", "Linux 5.6", _batch),
    _Probe("BTF", "Linux 4.18 with CONFIG_DEBUG_INFO_BTF", _btf),
)


_HELPER_TYPES = (
    ("XDP", ProgramType.XDP),
    ("traffic control", ProgramType.SCHED_CLS),
    ("kprobe", ProgramType.KPROBE),
    ("tracepoint", ProgramType.TRACEPOINT),
    ("cgroup packet", ProgramType.CGROUP_SKB),
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
            with_memory_lock(self._kernel, lambda: probe.attempt(self._kernel))
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
        held = self._kernel.capabilities()
        for capability in (Capability.CAP_BPF, Capability.CAP_NET_ADMIN, Capability.CAP_PERFMON):
            # CAP_SYS_ADMIN stands for the others, as it did before Linux 5.8.
            has = bool({capability, Capability.CAP_SYS_ADMIN} & held)
            found.append(
                Feature(capability.name, Answer.YES if has else Answer.NO, "" if has else "not held")
            )
        return tuple(found)

    def helpers(self) -> Iterator[tuple[str, frozenset[str] | None]]:
        """The helpers that programs of the common types may call; None where no program can be loaded.

        Asked anew each time; some 20 ms for each type.
        """
        for name, type in _HELPER_TYPES:
            probed = probe_helpers(self._kernel, type)
            yield name, probed.allowed if probed is not None else None

    def _lockdown(self) -> Feature:
        mode = self._kernel.lockdown()
        if mode is None:
            return Feature("no lockdown", Answer.UNKNOWN, "securityfs does not show it")
        if mode == "confidentiality":
            return Feature("no lockdown", Answer.NO, "lockdown=confidentiality keeps kernel memory unread")
        return Feature("no lockdown", Answer.YES)

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
            mounted("cgroup2", "cgroup2", "mount -t cgroup2 cgroup2 /sys/fs/cgroup"),
            self._lockdown(),
        )
