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
from osmia.simulator.references import References, references_of

__all__ = [
    "EventReader",
    "PerCpuValues",
    "References",
    "Run",
    "SimulatedArray",
    "SimulatedKernel",
    "SimulatedMap",
    "SimulatedPerCpuArray",
    "SimulatedPerCpuMap",
    "SimulatedTrie",
    "references_of",
    "run_classifier",
    "run_xdp",
]
