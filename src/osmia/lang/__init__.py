"""The vocabulary of kernel functions: real classes that also run as plain Python."""

from osmia.lang import log
from osmia.lang.actions import TcAction, XdpAction
from osmia.lang.arrays import Array, CharArray, Comm
from osmia.lang.buckets import Bucket, Histogram, Histograms
from osmia.lang.constants import Constant
from osmia.lang.contexts import TcContext, XdpContext
from osmia.lang.events import PerfEventArray, RingBuf
from osmia.lang.functions import Subprogram, function
from osmia.lang.helpers import (
    get_prandom_u32,
    get_smp_processor_id,
    ktime_get_ns,
    probe_read_kernel_str,
    probe_read_user_str,
)
from osmia.lang.histograms import HistogramMap, LinearHistogram, Log2Histogram
from osmia.lang.integers import Integer, be16, be32, be64, i8, i16, i32, i64, u8, u16, u32, u64
from osmia.lang.maps import (
    ArrayMap,
    HashMap,
    LpmTrie,
    LruHashMap,
    LruPerCpuHashMap,
    Map,
    PerCpuArray,
    PerCpuHashMap,
)
from osmia.lang.packet import Packet
from osmia.lang.pointers import Pointer
from osmia.lang.program_arrays import ProgramArray
from osmia.lang.programs import ClassifierProgram, Program, XdpProgram, classifier, xdp
from osmia.lang.stack_traces import StackTrace
from osmia.lang.structs import Struct, struct
from osmia.lang.tracing import (
    KprobeContext,
    KprobeProgram,
    KretprobeProgram,
    RawTracepointContext,
    RawTracepointProgram,
    TracepointContext,
    TracepointProgram,
    TracingProgram,
    kprobe,
    kretprobe,
    raw_tracepoint,
    tracepoint,
)
from osmia.uapi import RingBufFlags, XdpFlags

__all__ = [
    "Array",
    "ArrayMap",
    "Bucket",
    "CharArray",
    "ClassifierProgram",
    "Comm",
    "Constant",
    "HashMap",
    "Histogram",
    "HistogramMap",
    "Histograms",
    "Integer",
    "KprobeContext",
    "KprobeProgram",
    "KretprobeProgram",
    "LinearHistogram",
    "Log2Histogram",
    "LpmTrie",
    "LruHashMap",
    "LruPerCpuHashMap",
    "Map",
    "Packet",
    "PerCpuArray",
    "PerCpuHashMap",
    "PerfEventArray",
    "Pointer",
    "Program",
    "ProgramArray",
    "RawTracepointContext",
    "RawTracepointProgram",
    "RingBuf",
    "RingBufFlags",
    "StackTrace",
    "Struct",
    "Subprogram",
    "TcAction",
    "TcContext",
    "TracepointContext",
    "TracepointProgram",
    "TracingProgram",
    "XdpAction",
    "XdpContext",
    "XdpFlags",
    "XdpProgram",
    "be16",
    "be32",
    "be64",
    "classifier",
    "function",
    "get_prandom_u32",
    "get_smp_processor_id",
    "i8",
    "i16",
    "i32",
    "i64",
    "kprobe",
    "kretprobe",
    "ktime_get_ns",
    "log",
    "probe_read_kernel_str",
    "probe_read_user_str",
    "raw_tracepoint",
    "struct",
    "tracepoint",
    "u8",
    "u16",
    "u32",
    "u64",
    "xdp",
]
