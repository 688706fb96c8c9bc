"""ELF bytes -> maps, programs and links in the kernel."""

from osmia.loader.attach.link import Link
from osmia.loader.attach.perf_event import EVERY_PROCESS
from osmia.loader.attach.xdp import XdpLink, XdpMode
from osmia.loader.codec import (
    BytesCodec,
    Codec,
    EventBytes,
    EventCodec,
    IntegerCodec,
    PerCpuCodec,
    PerCpuValues,
    PrefixCodec,
)
from osmia.loader.keyless_maps import BloomFilterHandle, QueueHandle
from osmia.loader.loading import LoadedObject, load_object
from osmia.loader.local_storage import LocalStorageHandle
from osmia.loader.lost_events import lost_counter
from osmia.loader.map_object import MapObject, create_map
from osmia.loader.map_of_maps import MapOfMapsHandle
from osmia.loader.maps import (
    ArrayHandle,
    HashMapHandle,
    PerCpuArrayHandle,
    PerCpuHashMapHandle,
    bytes_handle,
)
from osmia.loader.perf_buffer import PerfBufferReader
from osmia.loader.program import ProgramHandle, ProgramInfo
from osmia.loader.program_array import ProgramArrayHandle
from osmia.loader.reader import read_object
from osmia.loader.redirect_maps import RedirectMapHandle
from osmia.loader.ring_buffer import RingBufferReader
from osmia.loader.socket_maps import SocketMapHandle
from osmia.loader.specification import (
    FunctionReference,
    FunctionSpec,
    MapReference,
    MapSpec,
    ObjectSpec,
    ProgramSpec,
    SourceLine,
    VariableSpec,
)
from osmia.loader.stack_traces import StackTraceHandle
from osmia.loader.variables import DataMemory, VariableHandle, find_variable

__all__ = [
    "EVERY_PROCESS",
    "ArrayHandle",
    "BloomFilterHandle",
    "BytesCodec",
    "Codec",
    "DataMemory",
    "EventBytes",
    "EventCodec",
    "FunctionReference",
    "FunctionSpec",
    "HashMapHandle",
    "IntegerCodec",
    "Link",
    "LoadedObject",
    "LocalStorageHandle",
    "MapObject",
    "MapOfMapsHandle",
    "MapReference",
    "MapSpec",
    "ObjectSpec",
    "PerCpuArrayHandle",
    "PerCpuCodec",
    "PerCpuHashMapHandle",
    "PerCpuValues",
    "PerfBufferReader",
    "PrefixCodec",
    "ProgramArrayHandle",
    "ProgramHandle",
    "ProgramInfo",
    "ProgramSpec",
    "QueueHandle",
    "RedirectMapHandle",
    "RingBufferReader",
    "SocketMapHandle",
    "SourceLine",
    "StackTraceHandle",
    "VariableHandle",
    "VariableSpec",
    "XdpLink",
    "XdpMode",
    "bytes_handle",
    "create_map",
    "find_variable",
    "load_object",
    "lost_counter",
    "read_object",
]
