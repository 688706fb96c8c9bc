"""Capabilities that are no longer needed once the programs are attached."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Collection
from enum import IntEnum

from osmia.errors import KernelError, OsmiaError

__all__ = ["MonitorCapability", "effective_capabilities", "keep_what_is_needed"]

VERSION_3 = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3: two words of 32 capabilities."""


class MonitorCapability(IntEnum):
    """The capabilities that the monitor has a use for (capabilities(7))."""

    CAP_NET_ADMIN = 12
    CAP_SYS_PTRACE = 19
    CAP_SYS_ADMIN = 21
    CAP_PERFMON = 38
    CAP_BPF = 39


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Words(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def keep_what_is_needed(
    work: Callable[[], object], always: Collection[MonitorCapability] = ()
) -> frozenset[MonitorCapability]:
    """Give up all capabilities but those that `work` needs, and `always`, for good; those that are kept.

    `work` is tried without any, then with CAP_BPF, which bpf(2) asked for on maps as well before
    Linux 5.19 where kernel.unprivileged_bpf_disabled is set. Capabilities belong to threads: call
    it before any is started. Raises KernelError, and what `work` raises with all its rights.
    """
    effective, permitted, _ = _get()
    wanted = sum(1 << capability for capability in always) & permitted
    for needed in (0, 1 << MonitorCapability.CAP_BPF, permitted):
        if needed & ~permitted:
            continue
        _set(needed, permitted)
        try:
            work()
        except (OsmiaError, PermissionError):
            if needed == permitted:
                _set(effective, permitted)
                raise
            continue
        _set(needed | wanted, needed | wanted)
        return _named(needed | wanted)
    raise AssertionError("the last choice gives up nothing")


def effective_capabilities() -> frozenset[MonitorCapability]:
    """Those that this thread may use now. Raises KernelError."""
    return _named(_get()[0])


def _named(bits: int) -> frozenset[MonitorCapability]:
    return frozenset(capability for capability in MonitorCapability if bits >> capability & 1)


def _get() -> tuple[int, int, int]:
    """Effective, permitted, inheritable."""
    words = (_Words * 2)()
    _call("capget", words)
    low, high = words
    return (
        low.effective | high.effective << 32,
        low.permitted | high.permitted << 32,
        low.inheritable | high.inheritable << 32,
    )


def _set(effective: int, permitted: int) -> None:
    mask = 0xFFFFFFFF
    words = (_Words * 2)(
        _Words(effective & mask, permitted & mask, 0), _Words(effective >> 32, permitted >> 32, 0)
    )
    _call("capset", words)


def _call(name: str, words: ctypes.Array[_Words]) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(ctypes.byref(_Header(VERSION_3, 0)), words) != 0:
        number = ctypes.get_errno()
        raise KernelError(number, f"{name}: {os.strerror(number)}")
