"""The short road from decorated functions to running programs: `loaded`, or `simulated`."""

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
    "StackTraces",
    "TracingHandle",
    "XdpHandle",
]
