"""Run a program as plain Python over the bytes of a packet, on a copy of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from osmia.dataclass import dataclass
from osmia.errors import UsageError
from osmia.lang import ClassifierProgram, Program, TcAction, TcContext, XdpAction, XdpContext, XdpProgram
from osmia.lang.runtime import enter_runtime, leave_runtime
from osmia.simulator.kernel import SimulatedKernel

__all__ = ["Run", "run_classifier", "run_xdp"]

C = TypeVar("C")
A = TypeVar("A", XdpAction, TcAction)

LOOPBACK_INDEX = 1
"""The interface that BPF_PROG_TEST_RUN takes where none is named (net/bpf/test_run.c)."""

ETH_P_802_3 = 0x0001
ETH_P_802_2 = 0x0004
FIRST_ETHERNET_TYPE = 0x0600
"""Smaller numbers are lengths (IEEE 802.3, ETH_P_802_3_MIN)."""


@dataclass(frozen=True, slots=True)
class Run(Generic[A]):
    """What a run gave: the verdict, the packet afterwards, nanoseconds for each repetition."""

    action: A
    data: bytes
    duration_ns: int


def run_xdp(
    kernel: SimulatedKernel, program: XdpProgram, packet: bytes, *, repeat: int = 1, ingress_ifindex: int = 0
) -> Run[XdpAction]:
    """Run an XDP program; ingress_ifindex 0 means the loopback interface, as in BPF_PROG_TEST_RUN."""
    data = bytearray(packet)

    def context() -> XdpContext:
        return XdpContext(data, ingress_ifindex=ingress_ifindex or LOOPBACK_INDEX)

    action, duration = _repeat(kernel, program, context, XdpAction, repeat)
    return Run(action, bytes(data), duration)


def run_classifier(
    kernel: SimulatedKernel,
    program: ClassifierProgram,
    packet: bytes,
    *,
    repeat: int = 1,
    ifindex: int = 0,
    ingress_ifindex: int = 0,
    mark: int = 0,
    wire_length: int = 0,
    gso_segments: int = 0,
) -> Run[TcAction]:
    """Run a traffic control program; wire_length 0 means the packet's own length."""
    data = bytearray(packet)
    protocol = _protocol(packet)

    def context() -> TcContext:
        return TcContext(
            data,
            ifindex=ifindex or LOOPBACK_INDEX,
            ingress_ifindex=ingress_ifindex,
            protocol=protocol,
            mark=mark,
            wire_length=wire_length or None,
            gso_segments=gso_segments,
        )

    action, duration = _repeat(kernel, program, context, TcAction, repeat)
    return Run(action, bytes(data), duration)


def _protocol(packet: bytes) -> int:
    """The type of a frame, as eth_type_trans() has it for frames with a length instead of one."""
    ether_type = int.from_bytes(packet[12:14], "big")
    if ether_type >= FIRST_ETHERNET_TYPE:
        return ether_type
    return ETH_P_802_3 if packet[14:16] == b"\xff\xff" else ETH_P_802_2


def _repeat(
    kernel: SimulatedKernel, program: Program[C, A], context: Callable[[], C], actions: type[A], repeat: int
) -> tuple[A, int]:
    """Run over the same bytes `repeat` times, as the kernel does; the last verdict and the mean duration."""
    if repeat < 1:
        raise UsageError(f"repeat must be at least 1, not {repeat}")
    with kernel.lock:
        token = enter_runtime(kernel)
        try:
            start = time.perf_counter_ns()
            action = program(context())
            kernel.check_released()
            for _ in range(repeat - 1):
                action = program(context())
                kernel.check_released()
            duration = (time.perf_counter_ns() - start) // repeat
        finally:
            leave_runtime(token)
    _require_action(program.name, action, actions)
    return action, duration


def _require_action(name: str, returned: object, actions: type[A]) -> None:
    if not isinstance(returned, actions):
        raise UsageError(
            f"{name} returned {returned!r}, which is no {actions.__name__}",
            f"return a member of {actions.__name__}",
        )
