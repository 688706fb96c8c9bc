"""The table of methods: the class of the vocabulary, the method's name, its row."""

from __future__ import annotations

from osmia.compiler.primitives import (
    atomics,
    histograms,
    local_storage,
    map_of_maps,
    maps,
    packet,
    program_arrays,
    queues,
    redirect_maps,
    ring_buffers,
    sockets,
    stack_traces,
    timers,
    tracing,
)
from osmia.compiler.primitives.helpers import on_context
from osmia.compiler.primitives.method import MethodRow
from osmia.lang.atomics import Atomic
from osmia.lang.cgroups import CgroupSockoptContext, CgroupSysctlContext
from osmia.lang.contexts import TcContext, XdpContext
from osmia.lang.events import PerfEventArray, RingBuf
from osmia.lang.histograms import HistogramMap
from osmia.lang.local_storage import LocalStorage
from osmia.lang.map_of_maps import MapOfMaps
from osmia.lang.maps import ArrayMap, HashMap, LpmTrie, PerCpuArray, PerCpuHashMap
from osmia.lang.packet import Packet
from osmia.lang.program_arrays import ProgramArray
from osmia.lang.queues import BloomFilter, Queue
from osmia.lang.redirect_maps import RedirectMap
from osmia.lang.socket_buffers import CgroupSkbContext, SkBuffContext
from osmia.lang.socket_maps import SocketMap
from osmia.lang.sockets import SkLookupContext, SkMsgContext, SkReuseportContext, SockOpsContext
from osmia.lang.stack_traces import StackTrace
from osmia.lang.timers import Timer
from osmia.lang.tracing import KprobeContext, RawTracepointContext, TracepointContext

_LOOKUP = MethodRow(("key",), maps.lookup)
_ITEMS = MethodRow((), maps.items)
_INSERT = MethodRow(("key", "value"), maps.insert)
_PACKET = MethodRow((), packet.packet)

METHODS: dict[type, dict[str, MethodRow]] = {
    HashMap: {"lookup": _LOOKUP, "insert": _INSERT, "items": _ITEMS},
    PerCpuHashMap: {"lookup": _LOOKUP, "insert": _INSERT, "items": _ITEMS},
    ArrayMap: {"lookup": _LOOKUP, "items": _ITEMS},
    PerCpuArray: {"lookup": _LOOKUP, "items": _ITEMS},
    LpmTrie: {"lookup": _LOOKUP, "insert": _INSERT},
    PerfEventArray: {"output": MethodRow(("ctx", "event"), maps.perf_event_output)},
    RingBuf: {
        "output": MethodRow(None, ring_buffers.output),
        "reserve": MethodRow(None, ring_buffers.reserve),
        "submit": MethodRow(None, ring_buffers.submit),
        "discard": MethodRow(None, ring_buffers.discard),
    },
    ProgramArray: {"tail_call": MethodRow(("ctx", "index"), program_arrays.tail_call)},
    HistogramMap: {"record": MethodRow(None, histograms.record)},
    Atomic: {
        **{
            name: MethodRow((argument,), atomics.update(operator))
            for name, (argument, operator) in atomics.UPDATES.items()
        },
        "compare_exchange": MethodRow(("expected", "value"), atomics.compare_exchange),
    },
    Timer: {
        "start": MethodRow(("nanoseconds", "callback"), timers.start),
        "cancel": MethodRow((), timers.cancel),
    },
    StackTrace: {
        "capture_kernel": MethodRow(("ctx",), stack_traces.capture_kernel),
        "capture_user": MethodRow(("ctx",), stack_traces.capture_user),
    },
    XdpContext: {
        "packet": _PACKET,
        "adjust_head": on_context("xdp_adjust_head"),
        "adjust_tail": on_context("xdp_adjust_tail"),
    },
    TcContext: {"packet": _PACKET, "pull_data": MethodRow(("length",), packet.pull_data)},
    TracepointContext: {
        "read": MethodRow(("type", "offset"), tracing.read),
        "read_data_loc": MethodRow(("type", "offset"), tracing.read_data_loc),
    },
    RawTracepointContext: {"arg": MethodRow(("index",), tracing.raw_argument)},
    KprobeContext: {"arg": MethodRow(("index",), tracing.register_argument)},
    SkBuffContext: {"load_bytes": MethodRow(("kind", "offset"), sockets.load_bytes)},
    CgroupSkbContext: {"packet": _PACKET},
    SkMsgContext: {"packet": _PACKET},
    SkReuseportContext: {"packet": _PACKET, "select": MethodRow(("sockets", "key"), sockets.select)},
    CgroupSockoptContext: {"value": _PACKET},
    SockOpsContext: {"request": MethodRow(("events",), sockets.request)},
    SkLookupContext: {"assign": MethodRow(("sockets", "key"), sockets.assign)},
    CgroupSysctlContext: {
        "name": MethodRow(("kind",), sockets.sysctl_name),
        "value": MethodRow(("kind",), sockets.sysctl_value),
        "new_value": MethodRow(("kind",), sockets.sysctl_new_value),
    },
    Queue: {
        "push": MethodRow(("value",), queues.push),
        "pop": MethodRow((), queues.pop),
        "peek": MethodRow((), queues.peek),
    },
    BloomFilter: {"add": MethodRow(("value",), queues.push)},
    LocalStorage: {
        "lookup": MethodRow(("owner",), local_storage.lookup),
        "lookup_or_create": MethodRow(("owner",), local_storage.lookup_or_create),
        "delete": MethodRow(("owner",), local_storage.delete),
    },
    MapOfMaps: {"lookup": MethodRow(("key",), map_of_maps.lookup)},
    RedirectMap: {"redirect": MethodRow(None, redirect_maps.redirect)},
    SocketMap: {
        "redirect": MethodRow(("ctx", "key"), sockets.redirect),
        "redirect_ingress": MethodRow(("ctx", "key"), sockets.redirect_ingress),
    },
    Packet: {"read": MethodRow(("header",), packet.read), "skip": MethodRow(("length",), packet.skip)},
}


def methods_of(python_class: type) -> dict[str, MethodRow]:
    """The methods of a class of the vocabulary, those of its bases included."""
    found: dict[str, MethodRow] = {}
    for base in reversed(python_class.__mro__):
        found.update(METHODS.get(base, {}))
    return found
