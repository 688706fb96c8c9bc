"""Programs at control groups, sockets and network namespaces as plain Python."""

from __future__ import annotations

import time
from typing import Any, NoReturn, SupportsBytes

from osmia.bpf.interface import RunResult
from osmia.errors import UsageError
from osmia.lang import CgroupSkbContext, CgroupSkbProgram, Program, SocketFilterContext, SocketFilterProgram
from osmia.lang.runtime import enter_runtime, leave_runtime
from osmia.simulator import SimulatedKernel

__all__ = ["SimulatedHook", "SimulatedPacketHook", "simulated_hook"]

_ETHERNET_HEADER = 14


class SimulatedHook:
    """A program that runs for one event."""

    def __init__(self, kernel: SimulatedKernel, program: Program[Any, Any]) -> None:
        self._kernel = kernel
        self._program = program

    def attach(self, *_: object) -> NoReturn:
        """UsageError: a simulation has nothing to attach to."""
        name = self._program.name
        raise UsageError(
            f"{name} is simulated and cannot be attached",
            f"call {name}(context) in the simulation's `with` block, or load it with osmia.load()",
        )


class SimulatedPacketHook(SimulatedHook):
    """A program that runs over a packet behind its Ethernet header, as in BPF_PROG_TEST_RUN."""

    def run(self, packet: bytes | SupportsBytes, *, repeat: int = 1) -> RunResult[Any]:
        """Run over a frame; UsageError where it is shorter than an Ethernet header."""
        frame = bytes(packet)
        if repeat < 1:
            raise UsageError(f"repeat must be at least 1, not {repeat}")
        if len(frame) < _ETHERNET_HEADER:
            help_text = "give an Ethernet header, or more"
            raise UsageError(f"a packet of {len(frame)} bytes cannot be run", help_text)
        kind: type[CgroupSkbContext | SocketFilterContext] = self._program.context_type
        protocol = int.from_bytes(frame[12:14], "big")
        context = kind(bytearray(frame[_ETHERNET_HEADER:]), protocol=protocol, ifindex=1)
        token = enter_runtime(self._kernel)
        try:
            start = time.perf_counter_ns()
            action = self._program(context)
            for _ in range(repeat - 1):
                action = self._program(context)
            duration = (time.perf_counter_ns() - start) // repeat
        finally:
            leave_runtime(token)
        return RunResult(action, bytes(_ETHERNET_HEADER) + frame[_ETHERNET_HEADER:], duration)


def simulated_hook(kernel: SimulatedKernel, program: Program[Any, Any]) -> SimulatedHook:
    """The handle of a program."""
    if isinstance(program, CgroupSkbProgram | SocketFilterProgram):
        return SimulatedPacketHook(kernel, program)
    return SimulatedHook(kernel, program)
