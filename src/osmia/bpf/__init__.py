"""The short road from decorated functions to running programs."""

from osmia.bpf.interface import (
    ArrayMapping,
    Bpf,
    ClassifierHandle,
    Direction,
    EventReader,
    Link,
    PerCpuArrayMapping,
    PerCpuMapping,
    PerCpuValues,
    RunResult,
    TracingHandle,
    XdpHandle,
)
from osmia.bpf.simulated import SimulatedBpf, simulate
from osmia.bpf.stack_traces import StackTraces

__all__ = [
    "ArrayMapping",
    "Bpf",
    "ClassifierHandle",
    "Direction",
    "EventReader",
    "Link",
    "PerCpuArrayMapping",
    "PerCpuMapping",
    "PerCpuValues",
    "RunResult",
    "SimulatedBpf",
    "StackTraces",
    "TracingHandle",
    "XdpHandle",
    "simulate",
]
