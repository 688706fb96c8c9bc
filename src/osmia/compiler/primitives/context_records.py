"""Contexts that the vocabulary declares field by field, as rows of the table of contexts."""

from __future__ import annotations

from ctypes import Structure

from osmia.compiler.check.type_table import TypeTable
from osmia.compiler.ir.types import ArrayType, IntegerType
from osmia.compiler.primitives.context_row import ContextFieldRow, ContextRow
from osmia.lang.cgroups import (
    CgroupDeviceContext,
    CgroupSockAddrContext,
    CgroupSockContext,
    CgroupSockoptContext,
    CgroupSysctlContext,
)
from osmia.lang.fields import RecordContext, fields_of
from osmia.lang.socket_buffers import CgroupSkbContext, SocketFilterContext
from osmia.lang.sockets import SkLookupContext, SkMsgContext, SkReuseportContext, SkSkbContext, SockOpsContext
from osmia.uapi.layout import offset_of

_BOUNDS = {
    "__sk_buff": ("data", "data_end"),
    "sk_msg_md": ("data", "data_end"),
    "sk_reuseport_md": ("data", "data_end"),
    "bpf_sockopt": ("optval", "optval_end"),
}
"""The fields that say where the bytes of a packet, a message or a value begin and end."""

_CONTEXTS: tuple[type[RecordContext], ...] = (
    CgroupDeviceContext,
    CgroupSkbContext,
    CgroupSockAddrContext,
    CgroupSockContext,
    CgroupSockoptContext,
    CgroupSysctlContext,
    SkLookupContext,
    SkMsgContext,
    SkReuseportContext,
    SkSkbContext,
    SockOpsContext,
    SocketFilterContext,
)


def record_rows() -> dict[type, ContextRow]:
    """The row of each of these contexts."""
    types = TypeTable()
    return {context: _row(context, types) for context in _CONTEXTS}


def _row(context: type[RecordContext], types: TypeTable) -> ContextRow:
    record = context.record
    fields: dict[str, ContextFieldRow] = {}
    for name, field in fields_of(context):
        kind = types.memory_type(field.type)
        assert isinstance(kind, IntegerType | ArrayType)
        size = kind.size if isinstance(kind, ArrayType) else _size_of(record, field.kernel_name)
        fields[name] = ContextFieldRow(offset_of(record, field.kernel_name), kind, size, field.writable)
    if "length" not in fields and context.kernel_name == "__sk_buff":
        fields["length"] = ContextFieldRow(offset_of(record, "len"), _U32, 4)
    bounds = _BOUNDS.get(context.kernel_name)
    if bounds is None:
        return ContextRow(context.kernel_name, fields)
    start, end = bounds
    return ContextRow(
        context.kernel_name,
        fields,
        offset_of(record, start),
        offset_of(record, end),
        _size_of(record, start),
    )


_U32 = IntegerType("u32", 32)


def _size_of(record: type[Structure], field: str) -> int:
    size: int = getattr(record, field).size
    return size
