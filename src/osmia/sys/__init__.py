"""System calls: the only room that makes them."""

from osmia.sys.descriptor import Descriptor
from osmia.sys.kernel import RUNNING_KERNEL, Kernel
from osmia.sys.machine import Capability
from osmia.sys.maps import Batch
from osmia.sys.programs import ObjectKind, ProgramImage, TestRunResult
from osmia.sys.route import XdpState

__all__ = [
    "RUNNING_KERNEL",
    "Batch",
    "Capability",
    "Descriptor",
    "Kernel",
    "ObjectKind",
    "ProgramImage",
    "TestRunResult",
    "XdpState",
]
