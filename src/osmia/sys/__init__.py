"""System calls: the only room that makes them."""

from osmia.sys.descriptor import Descriptor
from osmia.sys.kernel import RUNNING_KERNEL, Kernel
from osmia.sys.machine import Capability
from osmia.sys.maps import Batch
from osmia.sys.programs import ObjectKind, ProgramImage, TestRunResult
from osmia.sys.route import XdpState
from osmia.sys.traffic_control import TrafficFilter

__all__ = [
    "RUNNING_KERNEL",
    "Batch",
    "Capability",
    "Descriptor",
    "Kernel",
    "ObjectKind",
    "ProgramImage",
    "TestRunResult",
    "TrafficFilter",
    "XdpState",
]
