"""Whether this process may load a program; the missing capability is named before the kernel refuses."""

from __future__ import annotations

from collections.abc import Iterable

from osmia.errors import PermissionDeniedError
from osmia.loader.sections import NETWORK_TYPES, TRACING_TYPES
from osmia.sys import Capability, Kernel
from osmia.uapi import MapType, ProgramType

_HELP = "run it as root, or give the capabilities to its interpreter: sudo setcap {}+ep PYTHON"
_OUTER_HELP = (
    "the capabilities are there, so something outside refuses: a seccomp filter of the container, "
    "a user namespace, or kernel lockdown"
)


def missing_capabilities(
    kernel: Kernel, types: Iterable[ProgramType], maps: Iterable[MapType] = ()
) -> tuple[str, ...]:
    """The capabilities that programs of these types, and reading these maps, need and the process lacks."""
    held = kernel.capabilities()
    if Capability.CAP_SYS_ADMIN in held:
        return ()
    needed = [Capability.CAP_BPF]
    wanted = set(types)
    if wanted & NETWORK_TYPES:
        needed.append(Capability.CAP_NET_ADMIN)
    if wanted & TRACING_TYPES or MapType.PERF_EVENT_ARRAY in set(maps):
        needed.append(Capability.CAP_PERFMON)
    return tuple(capability.name for capability in needed if capability not in held)


def check_permission(
    kernel: Kernel, types: Iterable[ProgramType], action: str, maps: Iterable[MapType] = ()
) -> None:
    """Refuse early.

    Raises:
        PermissionDeniedError: with the missing capabilities.
    """
    missing = missing_capabilities(kernel, types, maps)
    if missing:
        raise PermissionDeniedError(action, missing, _HELP.format(",".join(missing).lower()))


def refused(action: str) -> PermissionDeniedError:
    """The error for an EPERM in spite of all capabilities."""
    return PermissionDeniedError(action, (), _OUTER_HELP)


def refused_perf(kernel: Kernel) -> PermissionDeniedError:
    """The error for perf_event_open(2), which asks for CAP_PERFMON or kernel.perf_event_paranoid below 1."""
    action = "open perf buffers"
    held = kernel.capabilities()
    if held & {Capability.CAP_PERFMON, Capability.CAP_SYS_ADMIN}:
        return refused(action)
    return PermissionDeniedError(action, ("CAP_PERFMON",), _HELP.format("cap_perfmon"))
