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
from osmia.simulator.keyless import SimulatedBloomFilter, SimulatedNumbers, SimulatedQueue
from osmia.simulator.local_storage import SimulatedLocalStorage
from osmia.simulator.map_of_maps import SimulatedMapOfMaps
from osmia.simulator.program_arrays import SimulatedProgramArray
from osmia.simulator.programs import Run, run_classifier, run_xdp
from osmia.simulator.variables import SimulatedConstant, SimulatedVariable

__all__ = [
    "PerCpuValues",
    "Run",
    "SimulatedArray",
    "SimulatedBloomFilter",
    "SimulatedConstant",
    "SimulatedEvents",
    "SimulatedKernel",
    "SimulatedLocalStorage",
    "SimulatedMap",
    "SimulatedMapOfMaps",
    "SimulatedNumbers",
    "SimulatedPerCpuArray",
    "SimulatedPerCpuMap",
    "SimulatedProgramArray",
    "SimulatedQueue",
    "SimulatedStacks",
    "SimulatedTrie",
    "SimulatedVariable",
    "run_classifier",
    "run_xdp",
]
