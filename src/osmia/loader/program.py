"""A program in the kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from osmia.dataclass import dataclass
from osmia.errors import KernelError, UsageError
from osmia.loader.attach.cgroup import attach_cgroup
from osmia.loader.attach.classifier import attach_classifier
from osmia.loader.attach.kprobe import attach_kprobe
from osmia.loader.attach.link import HasDescriptor, Link
from osmia.loader.attach.namespace import attach_namespace
from osmia.loader.attach.perf_event import EVERY_PROCESS
from osmia.loader.attach.sampling import attach_samples
from osmia.loader.attach.socket import attach_socket
from osmia.loader.attach.socket_map import attach_socket_map
from osmia.loader.attach.tcx import attach_tcx
from osmia.loader.attach.tracepoint import attach_raw_tracepoint, attach_tracepoint
from osmia.loader.attach.typed import attach_typed
from osmia.loader.attach.uprobe import attach_uprobe
from osmia.loader.attach.xdp import XdpLink, attach_xdp
from osmia.loader.sections import NETWORK_TYPES
from osmia.loader.specification import ProgramSpec
from osmia.sys import Descriptor, Kernel, TestRunResult
from osmia.uapi import AttachType, PerfHardware, PerfSoftware, ProgramType, TestRunFlags, XdpFlags

_PACKET_TYPES = NETWORK_TYPES | {ProgramType.SOCKET_FILTER}
_SMALLEST_FRAME = 14
_GROWTH = 4096
"""Bytes by which a program may make its packet longer in a run: an XDP frame has one page at most."""


@dataclass(frozen=True)
class ProgramInfo:
    """What the kernel tells about a program."""

    id: int
    name: str
    tag: str
    """A hash of the instructions, as bpftool prints it."""
    xlated_size: int
    """Bytes of the instructions as the verifier left them."""
    jited_size: int
    """Bytes of machine code; 0 where the JIT compiler is off."""
    verified_instructions: int
    """Instructions that the verifier went through (0 before Linux 5.16)."""
    run_count: int
    """Runs while statistics were on (kernel.bpf_stats_enabled)."""
    run_time: int
    """Nanoseconds of these runs."""


class ProgramHandle:
    """A loaded program: attach it, run it on data, ask for what the kernel made of it."""

    def __init__(self, kernel: Kernel, descriptor: Descriptor, spec: ProgramSpec) -> None:
        self.kernel = kernel
        self.spec = spec
        self._descriptor = descriptor

    @property
    def name(self) -> str:
        """The name in the object file."""
        return self.spec.name

    @property
    def fd(self) -> int:
        """The file descriptor."""
        return self._descriptor.fileno()

    def fileno(self) -> int:
        """The file descriptor."""
        return self._descriptor.fileno()

    @property
    def id(self) -> int:
        """The kernel's number of this program."""
        return self.kernel.program_info(self.fd).id

    def info(self) -> ProgramInfo:
        """What the kernel tells now."""
        info = self.kernel.program_info(self.fd)
        return ProgramInfo(
            info.id,
            info.name.decode(errors="replace"),
            bytes(info.tag).hex(),
            info.xlated_prog_len,
            info.jited_prog_len,
            info.verified_insns,
            info.run_cnt,
            info.run_time_ns,
        )

    def instructions(self) -> bytes:
        """The instructions as the verifier left them; empty where the kernel hides them from this user."""
        return self.kernel.program_instructions(self.fd)

    def run(
        self,
        data: bytes | None = None,
        *,
        context: bytes | None = None,
        repeat: int = 1,
        flags: TestRunFlags = TestRunFlags(0),  # noqa: B008
        batch_size: int = 0,
    ) -> TestRunResult:
        """Run on a packet with BPF_PROG_TEST_RUN (Linux 4.12; `context` since 5.2, 5.15 for XDP).

        `data` begins with the Ethernet header. `context` is the bytes of struct xdp_md or __sk_buff.

        Raises:
            UsageError: a packet shorter than an Ethernet header.
            KernelError: a program type that cannot be run so, or a context that the kernel does not take.
        """
        if repeat < 1:
            raise UsageError(f"repeat is {repeat}", "give 1 or more")
        if self.spec.type in _PACKET_TYPES and len(data or b"") < _SMALLEST_FRAME:
            raise UsageError(
                f"a packet of {len(data or b'')} bytes cannot be run",
                f"the kernel takes {_SMALLEST_FRAME} bytes, an Ethernet header, or more",
            )
        live = TestRunFlags.XDP_LIVE_FRAMES in flags
        try:
            return self.kernel.program_test_run(
                self.fd,
                data,
                context=context,
                repeat=repeat,
                data_capacity=len(data) + _GROWTH if data and not live else 0,
                context_capacity=len(context) if context and not live else 0,
                flags=flags,
                batch_size=batch_size,
            )
        except KernelError as error:
            raise KernelError(error.errno, f"{self.name!r}: {error.strerror}") from None

    def run_many(self, packets: Iterable[bytes]) -> Counter[int]:
        """Run once on each packet, without its contents afterwards; how often the program returned what.

        Each packet is taken from `packets` after the run on the one before. Raises as `run` does.
        """
        try:
            return self.kernel.program_test_runs(self.fd, packets)
        except KernelError as error:
            raise KernelError(error.errno, f"{self.name!r}: {error.strerror}") from None

    def attach_xdp(self, interface: str, flags: XdpFlags = XdpFlags(0)) -> XdpLink:  # noqa: B008
        """Attach to a network interface; see `osmia.loader.attach.xdp`."""
        return attach_xdp(self.kernel, self.fd, self.name, interface, flags)

    def attach_cgroup(self, cgroup: str | Path | int) -> Link:
        """Attach to a control group; see `osmia.loader.attach.cgroup`."""
        return attach_cgroup(self.kernel, self.fd, self.name, cgroup, self._attach_type())

    def attach_socket(self, target: HasDescriptor) -> Link:
        """Attach to a socket, or to the sockets that share its port; see `osmia.loader.attach.socket`."""
        reuseport = self.spec.type == ProgramType.SK_REUSEPORT
        return attach_socket(self.kernel, self.fd, target, reuseport=reuseport)

    def attach_socket_map(self, sockets: HasDescriptor) -> Link:
        """Attach to a map of sockets; see `osmia.loader.attach.socket_map`."""
        fd = sockets.fileno()
        return attach_socket_map(self.kernel, self.fd, self.name, fd, self._attach_type())

    def attach_namespace(self, namespace: str | Path | None = None) -> Link:
        """Attach to a network namespace; see `osmia.loader.attach.namespace`."""
        return attach_namespace(self.kernel, self.fd, self.name, self._attach_type(), namespace)

    def _attach_type(self) -> AttachType:
        if self.spec.attach_type is None:
            raise UsageError(
                f"the section {self.spec.section!r} of {self.name!r} names no hook",
                "name it as libbpf does, such as cgroup/connect4",
            )
        return self.spec.attach_type

    def attach_tracepoint(self, category: str, name: str) -> Link:
        """Attach to a tracepoint; see `osmia.loader.attach.tracepoint`."""
        return attach_tracepoint(self.kernel, self.fd, category, name)

    def attach_raw_tracepoint(self, name: str) -> Link:
        """Attach to a tracepoint's arguments; see `osmia.loader.attach.tracepoint`."""
        return attach_raw_tracepoint(self.kernel, self.fd, name)

    def attach_typed(self) -> Link:
        """Attach to the function, tracepoint or security hook it was loaded for; see `attach.typed`."""
        return attach_typed(self.kernel, self.fd, self.spec)

    def attach_kprobe(self, function: str, *, offset: int = 0, at_return: bool = False) -> Link:
        """Attach to a kernel function; see `osmia.loader.attach.kprobe`."""
        return attach_kprobe(self.kernel, self.fd, function, offset=offset, at_return=at_return)

    def attach_classifier(
        self,
        interface: str,
        attach_type: AttachType,
        *,
        first: bool = False,
        priority: int | None = None,
    ) -> Link:
        """Attach to one direction of a network interface; see `osmia.loader.attach.classifier`."""
        return attach_classifier(
            self.kernel, self.fd, self.name, interface, attach_type, first=first, priority=priority
        )

    def attach_uprobe(
        self,
        binary: str,
        symbol: str,
        *,
        offset: int = 0,
        pid: int = EVERY_PROCESS,
        at_return: bool = False,
        cookie: int = 0,
    ) -> Link:
        """Attach to a function of user space; see `osmia.loader.attach.uprobe`."""
        where = (binary, symbol)
        return attach_uprobe(
            self.kernel, self.fd, *where, offset=offset, pid=pid, at_return=at_return, cookie=cookie
        )

    def attach_samples(
        self,
        event: PerfSoftware | PerfHardware = PerfSoftware.CPU_CLOCK,
        *,
        frequency: int | None = None,
        period: int | None = None,
        cpu: int | None = None,
        pid: int | None = None,
    ) -> Link:
        """Attach to samples of a perf event; see `osmia.loader.attach.sampling`."""
        return attach_samples(
            self.kernel, self.fd, event, frequency=frequency, period=period, cpu=cpu, pid=pid
        )

    def attach_tcx(self, interface: str, attach_type: AttachType) -> Link:
        """Attach to one direction of a network interface; see `osmia.loader.attach.tcx`."""
        return attach_tcx(self.kernel, self.fd, self.name, interface, attach_type)

    def __repr__(self) -> str:
        return f"<program {self.name!r}: {self.spec.type.name}>"
