"""A simulated kernel: the same programs as plain Python, over maps, packets and a clock of its own."""

from osmia.simulator.handles import (
    EventReader,
    PerCpuValues,
    SimulatedArray,
    SimulatedMap,
    SimulatedPerCpuArray,
    SimulatedPerCpuMap,
    SimulatedTrie,
)
from osmia.simulator.kernel import SimulatedKernel
from osmia.simulator.programs import Run, run_classifier, run_xdp

__all__ = [
    "EventReader",
    "PerCpuValues",
    "Run",
    "SimulatedArray",
    "SimulatedKernel",
    "SimulatedMap",
    "SimulatedPerCpuArray",
    "SimulatedPerCpuMap",
    "SimulatedTrie",
    "run_classifier",
    "run_xdp",
]
