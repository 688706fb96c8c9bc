"""A simulated kernel: the same programs as plain Python, over maps, packets and a clock of its own."""

from osmia.simulator.handles import (
    PerCpuValues,
    SimulatedArray,
    SimulatedEvents,
    SimulatedMap,
    SimulatedPerCpuArray,
    SimulatedPerCpuMap,
    SimulatedStacks,
    SimulatedTrie,
)
from osmia.simulator.kernel import SimulatedKernel
from osmia.simulator.program_arrays import SimulatedProgramArray
from osmia.simulator.programs import Run, run_classifier, run_xdp

__all__ = [
    "PerCpuValues",
    "Run",
    "SimulatedArray",
    "SimulatedEvents",
    "SimulatedKernel",
    "SimulatedMap",
    "SimulatedPerCpuArray",
    "SimulatedPerCpuMap",
    "SimulatedProgramArray",
    "SimulatedStacks",
    "SimulatedTrie",
    "run_classifier",
    "run_xdp",
]
