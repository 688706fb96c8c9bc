"""The one seam between osmia and the kernel."""

from __future__ import annotations

from osmia.sys.events import EventCalls
from osmia.sys.machine import MachineCalls
from osmia.sys.maps import MapCalls
from osmia.sys.programs import ProgramCalls
from osmia.sys.traffic_control import TrafficControlCalls


class Kernel(MapCalls, ProgramCalls, EventCalls, MachineCalls, TrafficControlCalls):
    """The running kernel. Tests put a subclass with other answers in its place.

    Every method makes one system call or reads one file, returns plain values and file descriptors,
    and raises `KernelError` with the errno where the kernel refuses.
    """


RUNNING_KERNEL = Kernel()
