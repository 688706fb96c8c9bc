"""The fields of contexts: where they stand in the kernel's structs (include/uapi/linux/bpf.h)."""

from __future__ import annotations

from osmia.compiler.ir.types import U32, U64, IntegerType
from osmia.compiler.primitives.context_records import record_rows
from osmia.compiler.primitives.context_row import ContextFieldRow, ContextRow
from osmia.compiler.primitives.registers import registers
from osmia.lang.contexts import TcContext, XdpContext
from osmia.lang.kernel_programs import BtfTracepointContext, FentryContext, FexitContext, LsmContext
from osmia.lang.tracing import KprobeContext, RawTracepointContext, Registers, TracepointContext
from osmia.lang.user_probes import PerfEventContext

_BE16 = IntegerType("be16", 16, big_endian=True)


def context_row(context_type: type) -> ContextRow:
    """The row of a context, also of a subclass that a user made of it."""
    return next(CONTEXTS[base] for base in context_type.__mro__ if base in CONTEXTS)


CONTEXTS: dict[type, ContextRow] = {
    XdpContext: ContextRow(
        "xdp_md",
        data=0,
        data_end=4,
        fields={
            "ingress_ifindex": ContextFieldRow(12, U32),
            "rx_queue_index": ContextFieldRow(16, U32),
        },
    ),
    TcContext: ContextRow(
        "__sk_buff",
        data=76,
        data_end=80,
        fields={
            "length": ContextFieldRow(0, U32),
            "mark": ContextFieldRow(8, U32),
            "protocol": ContextFieldRow(16, _BE16, size=4),
            "ingress_ifindex": ContextFieldRow(36, U32),
            "ifindex": ContextFieldRow(40, U32),
            "wire_length": ContextFieldRow(160, U32),
            "gso_segments": ContextFieldRow(164, U32),
        },
    ),
    TracepointContext: ContextRow("trace_event_raw", {}),
    RawTracepointContext: ContextRow("bpf_raw_tracepoint_args", {}),
    KprobeContext: ContextRow("pt_regs", {}),
    Registers: ContextRow(
        "pt_regs",
        {name: ContextFieldRow(8 * place, U64, 8) for place, name in enumerate(registers().names)},
    ),
    PerfEventContext: ContextRow("bpf_perf_event_data", {}),
    **record_rows(),
    # The arguments, 8 bytes each: bpf_ctx_convert knows them as an array of unsigned long long.
    BtfTracepointContext: ContextRow("bpf_raw_tracepoint_args", {}),
    FentryContext: ContextRow("bpf_raw_tracepoint_args", {}),
    FexitContext: ContextRow("bpf_raw_tracepoint_args", {}),
    LsmContext: ContextRow("bpf_raw_tracepoint_args", {}),
}
