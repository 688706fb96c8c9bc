"""eBPF for Python: kernel programs, their loader and the types of both sides in one language.

The names are handed on when they are first used: `import osmia` imports no compiler and no numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osmia.bpf import Bpf, Direction, EventReader, Link, PerCpuValues, RunResult, SimulatedBpf, simulate
    from osmia.bpf.loaded import LoadedBpf, load
    from osmia.errors import (
        AlreadyAttachedError,
        CompileError,
        InternalError,
        KernelError,
        MalformedError,
        MapFullError,
        NotSupportedError,
        OsmiaError,
        PermissionDeniedError,
        UnknownInterfaceError,
        UsageError,
        VerifierError,
    )
    from osmia.lang import (
        Array,
        ArrayMap,
        ClassifierProgram,
        Comm,
        Constant,
        HashMap,
        Integer,
        LpmTrie,
        LruHashMap,
        LruPerCpuHashMap,
        Map,
        Packet,
        PerCpuArray,
        PerCpuHashMap,
        PerfEventArray,
        Pointer,
        Program,
        RingBuf,
        Struct,
        TcAction,
        TcContext,
        XdpAction,
        XdpContext,
        XdpFlags,
        XdpProgram,
        be16,
        be32,
        be64,
        classifier,
        get_prandom_u32,
        get_smp_processor_id,
        i8,
        i16,
        i32,
        i64,
        ktime_get_ns,
        log,
        struct,
        u8,
        u16,
        u32,
        u64,
        xdp,
    )

__all__ = [
    "AlreadyAttachedError",
    "Array",
    "ArrayMap",
    "Bpf",
    "ClassifierProgram",
    "Comm",
    "CompileError",
    "Constant",
    "Direction",
    "EventReader",
    "HashMap",
    "Integer",
    "InternalError",
    "KernelError",
    "Link",
    "LoadedBpf",
    "LpmTrie",
    "LruHashMap",
    "LruPerCpuHashMap",
    "MalformedError",
    "Map",
    "MapFullError",
    "NotSupportedError",
    "OsmiaError",
    "Packet",
    "PerCpuArray",
    "PerCpuHashMap",
    "PerCpuValues",
    "PerfEventArray",
    "PermissionDeniedError",
    "Pointer",
    "Program",
    "RingBuf",
    "RunResult",
    "SimulatedBpf",
    "Struct",
    "TcAction",
    "TcContext",
    "UnknownInterfaceError",
    "UsageError",
    "VerifierError",
    "XdpAction",
    "XdpContext",
    "XdpFlags",
    "XdpProgram",
    "be16",
    "be32",
    "be64",
    "classifier",
    "get_prandom_u32",
    "get_smp_processor_id",
    "i8",
    "i16",
    "i32",
    "i64",
    "ktime_get_ns",
    "load",
    "log",
    "simulate",
    "struct",
    "u8",
    "u16",
    "u32",
    "u64",
    "xdp",
]

_ROOMS = {
    "osmia.bpf.loaded": ("LoadedBpf", "load"),
    "osmia.bpf": (
        "Bpf",
        "Direction",
        "EventReader",
        "Link",
        "PerCpuValues",
        "RunResult",
        "SimulatedBpf",
        "simulate",
    ),
    "osmia.errors": (
        "AlreadyAttachedError",
        "CompileError",
        "InternalError",
        "KernelError",
        "MalformedError",
        "MapFullError",
        "NotSupportedError",
        "OsmiaError",
        "PermissionDeniedError",
        "UnknownInterfaceError",
        "UsageError",
        "VerifierError",
    ),
}
"""Where the names come from that are not of the vocabulary, osmia.lang."""

_HOMES = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'osmia' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES.get(name, "osmia.lang")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
