"""Programs in the running kernel, one class for each kind of hook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any, SupportsBytes

from osmia.bpf.interface import KERNEL_CHOOSES, Direction, RunResult
from osmia.errors import UsageError
from osmia.lang import (
    KprobeProgram,
    KretprobeProgram,
    RawTracepointProgram,
    TcAction,
    TracepointProgram,
    TracingProgram,
    TypedProgram,
    XdpAction,
)
from osmia.loader import Link, ProgramHandle, XdpLink
from osmia.uapi import AttachType, XdpFlags

__all__ = ["LoadedClassifier", "LoadedTracing", "LoadedXdp"]

_DIRECTIONS = {Direction.INGRESS: AttachType.TCX_INGRESS, Direction.EGRESS: AttachType.TCX_EGRESS}
_SK_BUFF_SIZE = 192
"""Bytes of `struct __sk_buff`."""


class LoadedXdp:
    """An XDP program in the kernel."""

    def __init__(self, handle: ProgramHandle, links: ExitStack) -> None:
        self.handle = handle
        """The loader's handle: instructions, statistics, file descriptor."""
        self._links = links

    def attach(self, interface: str, *, flags: XdpFlags = KERNEL_CHOOSES) -> XdpLink:
        """Attach to a network interface; `link.mode` says whether native or generic. See `XdpHandle`."""
        return self._links.enter_context(self.handle.attach_xdp(interface, flags))

    def run(
        self, packet: bytes | SupportsBytes, *, repeat: int = 1, ingress_ifindex: int = 0
    ) -> RunResult[XdpAction]:
        """Run over a frame with BPF_PROG_TEST_RUN; see `XdpHandle`."""
        data = bytes(packet)
        context = None
        if ingress_ifindex:
            fields = (0, len(data), 0, ingress_ifindex, 0, 0)
            context = b"".join(field.to_bytes(4, "little") for field in fields)
        result = self.handle.run(data, context=context, repeat=repeat)
        return RunResult(XdpAction(result.value), result.data, result.duration)

    def run_many(self, packets: Iterable[bytes]) -> Counter[XdpAction]:
        """Run over many frames; see `XdpHandle`."""
        returned = self.handle.run_many(packets)
        return Counter({XdpAction(value): count for value, count in returned.items()})


class LoadedClassifier:
    """A traffic control program in the kernel."""

    def __init__(self, handle: ProgramHandle, links: ExitStack) -> None:
        self.handle = handle
        """The loader's handle: instructions, statistics, file descriptor."""
        self._links = links

    def attach(
        self, interface: str, direction: Direction, *, first: bool = False, priority: int | None = None
    ) -> Link:
        """Attach to one direction of a network interface, by tcx or clsact; see `ClassifierHandle`."""
        return self._links.enter_context(
            self.handle.attach_classifier(interface, _DIRECTIONS[direction], first=first, priority=priority)
        )

    def run(
        self,
        packet: bytes | SupportsBytes,
        *,
        repeat: int = 1,
        ifindex: int = 0,
        ingress_ifindex: int = 0,
        mark: int = 0,
        wire_length: int = 0,
        gso_segments: int = 0,
    ) -> RunResult[TcAction]:
        """Run over a frame with BPF_PROG_TEST_RUN; see `ClassifierHandle`."""
        # Always with a context: without one the kernel has 0 for the length on the wire.
        context = bytearray(_SK_BUFF_SIZE)
        fields = {8: mark, 36: ingress_ifindex, 40: ifindex, 160: wire_length, 164: gso_segments}
        for offset, value in fields.items():
            context[offset : offset + 4] = value.to_bytes(4, "little")
        result = self.handle.run(bytes(packet), context=bytes(context), repeat=repeat)
        action = result.value - (1 << 32) if result.value >> 31 else result.value
        return RunResult(TcAction(action), result.data, result.duration)


class LoadedTracing:
    """A tracing program in the kernel."""

    def __init__(self, handle: ProgramHandle, program: TracingProgram[Any], links: ExitStack) -> None:
        self.handle = handle
        """The loader's handle: instructions, statistics, file descriptor."""
        self._program = program
        self._links = links

    def attach(self) -> Link:
        """Attach to what the decorator names; see `TracingHandle`."""
        return self._links.enter_context(self._attach())

    def _attach(self) -> Link:
        target = self._program.target
        match self._program:
            case TracepointProgram():
                category, _, name = target.partition("/")
                return self.handle.attach_tracepoint(category, name)
            case RawTracepointProgram():
                return self.handle.attach_raw_tracepoint(target)
            case TypedProgram():
                return self.handle.attach_typed()
            case KretprobeProgram():
                return self.handle.attach_kprobe(target, at_return=True)
            case KprobeProgram():
                return self.handle.attach_kprobe(target)
            case _:
                raise UsageError(f"{self._program!r} cannot be attached")
