"""Tracing contexts: records and registers, and the task that was interrupted."""

from __future__ import annotations

from typing import Any, TypeGuard

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Context, PlainInt, Poison, Reference, Scalar, Static, Value, scalar
from osmia.compiler.ir.operands import Number, Operand
from osmia.compiler.ir.ops import ContextAddress, ContextField, Store, Zero
from osmia.compiler.ir.types import (
    I64,
    U32,
    U64,
    ArrayType,
    IntegerType,
    MemoryType,
    PointerType,
    Space,
    alignment_of,
)
from osmia.compiler.primitives.method import Call
from osmia.compiler.primitives.registers import registers
from osmia.diagnostics import Span
from osmia.lang.arrays import CharArray, Comm
from osmia.lang.tracing import Registers, TracepointField, TracepointText

_GET_CURRENT_PID_TGID, _GET_CURRENT_UID_GID, _GET_CURRENT_COMM = 14, 15, 16
_PROBE_READ_USER_STR, _PROBE_READ_KERNEL_STR = 114, 115
_LARGEST_RECORD = 4096
_LARGEST_ARRAY = 256
"""Bytes of a record's array: it is read word by word, onto a stack of 512 bytes."""
_DATA_LOC_OFFSET = 0xFFFF
"""The lower half of a `__data_loc` field is an offset in the record, the upper half a length."""


def _field(checker: Checker, offset: int, kind: IntegerType) -> Scalar:
    result = checker.builder.register(kind)
    checker.builder.emit(ContextField(result, offset, kind.size))
    return scalar(result)


def _known(value: Value, most: int) -> int | None:
    """A number that is known when the program is compiled, from 0 to `most`."""
    if isinstance(value, PlainInt) and isinstance(value.operand, Number) and 0 <= value.low <= most:
        return value.low
    return None


def read(checker: Checker, receiver: Value, call: Call) -> Value:
    """`TracepointContext.read(type, offset)`."""
    kind = _type_argument(checker, call.values[0])
    if isinstance(kind, ArrayType) and isinstance(kind.element, IntegerType):
        if kind.size > _LARGEST_ARRAY:
            expected = f"an array of at most {_LARGEST_ARRAY} bytes"
            return checker.report(findings.type_mismatch(call.spans[0], expected, kind.name))
    elif not isinstance(kind, IntegerType):
        expected = "an integer type, or an array of integers"
        return checker.report(findings.type_mismatch(call.spans[0], expected, str(call.values[0])))
    unit = alignment_of(kind)
    offset = _known(call.values[1], _LARGEST_RECORD - kind.size)
    if offset is None or offset % unit:
        expected = f"a known offset, a multiple of {unit}"
        return checker.report(findings.type_mismatch(call.spans[1], expected, str(call.values[1])))
    return _field(checker, offset, kind) if isinstance(kind, IntegerType) else _array(checker, offset, kind)


def is_record_field(value: object) -> TypeGuard[TracepointField[Any] | TracepointText[Any]]:
    """Whether an attribute of a context class is a declared field of the record."""
    return isinstance(value, TracepointField | TracepointText)


def record_field(
    checker: Checker, receiver: Value, field: TracepointField[Any] | TracepointText[Any], span: Span
) -> Value:
    """A field that a subclass of `TracepointContext` declares."""
    offset = PlainInt(Number(field.offset, I64), field.offset, field.offset)
    call = Call((Static(field.type), offset), (span, span), span)
    emit = read if isinstance(field, TracepointField) else read_data_loc
    return emit(checker, receiver, call)


def _type_argument(checker: Checker, value: Value) -> MemoryType | None:
    return checker.module.types.memory_type(value.value) if isinstance(value, Static) else None


def _array(checker: Checker, offset: int, kind: ArrayType) -> Value:
    """An array of the record, in the widest words that may be read: those at multiples of their size."""
    target = checker.slot(kind)
    position = 0
    while position < kind.size:
        width = next(
            size for size in (8, 4, 2, 1) if (offset + position) % size == 0 and position + size <= kind.size
        )
        word = _field(checker, offset + position, IntegerType(f"u{width * 8}", width * 8))
        place = checker.offset(target, Number(position, I64), word.type)
        checker.builder.emit(Store(place, word.operand, alignment_of(kind)))
        position += width
    return Reference(target, fresh=True)


def read_data_loc(checker: Checker, receiver: Value, call: Call) -> Value:
    """`TracepointContext.read_data_loc(type, offset)`: the field's lower half says where the text stands."""
    offset = _known(call.values[1], _LARGEST_RECORD - U32.size)
    if offset is None or offset % U32.size:
        expected = f"a known offset, a multiple of {U32.size}"
        return checker.report(findings.type_mismatch(call.spans[1], expected, str(call.values[1])))
    located = checker.convert(_field(checker, offset, U32), U64)
    distance = checker.binary("and", located, scalar(Number(_DATA_LOC_OFFSET, U64)))
    record = checker.builder.register(PointerType(None, Space.CONTEXT))
    checker.builder.emit(ContextAddress(record))
    source = checker.offset(record, distance.operand, None)
    return _text(checker, call, _PROBE_READ_KERNEL_STR, "probe_read_kernel_str", source)


def probe_read_user_str(checker: Checker, receiver: Value, call: Call) -> Value:
    """`probe_read_user_str(type, address)`."""
    return _text_at(checker, call, _PROBE_READ_USER_STR, "probe_read_user_str")


def probe_read_kernel_str(checker: Checker, receiver: Value, call: Call) -> Value:
    """`probe_read_kernel_str(type, address)`."""
    return _text_at(checker, call, _PROBE_READ_KERNEL_STR, "probe_read_kernel_str")


def _text_at(checker: Checker, call: Call, number: int, name: str) -> Value:
    source = checker.fit(call.values[1], U64, call.spans[1])
    return _text(checker, call, number, name, source.operand) if isinstance(source, Scalar) else Poison()


def _text(checker: Checker, call: Call, number: int, name: str, source: Operand) -> Value:
    """Text by a helper, which leaves alone what stands behind the zero byte: all is zero before."""
    kind = _type_argument(checker, call.values[0])
    python_class = checker.module.types.python_class(kind) if kind is not None else None
    if not isinstance(kind, ArrayType) or python_class is None or not issubclass(python_class, CharArray):
        expected = "a type CharArray[Literal[n]]"
        return checker.report(findings.type_mismatch(call.spans[0], expected, str(call.values[0])))
    target = checker.slot(kind)
    checker.builder.emit(Zero(target, kind.size, alignment_of(kind)))
    checker.helper(number, name, I64, target, Number(kind.size, U32), source)
    return Reference(target, fresh=True)


def raw_argument(checker: Checker, receiver: Value, call: Call) -> Value:
    """`RawTracepointContext.arg(index)`."""
    index = _known(call.values[0], 11)
    if index is None:
        return checker.report(
            findings.type_mismatch(call.spans[0], "a known number, 0 to 11", str(call.values[0]))
        )
    return _field(checker, index * 8, U64)


def register_argument(checker: Checker, receiver: Value, call: Call) -> Value:
    """`KprobeContext.arg(index)`."""
    index = _known(call.values[0], 5)
    if index is None:
        return checker.report(
            findings.type_mismatch(call.spans[0], "a known number, 0 to 5", str(call.values[0]))
        )
    return _field(checker, registers().arguments[index], U64)


def instruction_pointer(checker: Checker, receiver: Value) -> Value:
    """`KprobeContext.ip`."""
    return _field(checker, registers().ip, U64)


def all_registers(checker: Checker, receiver: Value) -> Value:
    """`KprobeContext.regs`: the same memory, with its fields by name."""
    return Context(Registers)


def return_value(checker: Checker, receiver: Value) -> Value:
    """`KprobeContext.return_value`."""
    return _field(checker, registers().return_value, U64)


def sample_period(checker: Checker, receiver: Value) -> Value:
    """`PerfEventContext.sample_period`: it stands behind the registers."""
    return _field(checker, registers().size, U64)


def process_id(checker: Checker, receiver: Value) -> Value:
    """`ctx.pid`: the upper half of bpf_get_current_pid_tgid."""
    return _half(checker, _GET_CURRENT_PID_TGID, "get_current_pid_tgid", upper=True)


def thread_id(checker: Checker, receiver: Value) -> Value:
    """`ctx.tid`: its lower half."""
    return _half(checker, _GET_CURRENT_PID_TGID, "get_current_pid_tgid", upper=False)


def user_id(checker: Checker, receiver: Value) -> Value:
    """`ctx.uid`: the lower half of bpf_get_current_uid_gid."""
    return _half(checker, _GET_CURRENT_UID_GID, "get_current_uid_gid", upper=False)


def group_id(checker: Checker, receiver: Value) -> Value:
    """`ctx.gid`: its upper half."""
    return _half(checker, _GET_CURRENT_UID_GID, "get_current_uid_gid", upper=True)


def _half(checker: Checker, number: int, name: str, *, upper: bool) -> Value:
    both = scalar(checker.helper(number, name, U64))
    if upper:
        both = checker.binary("shr", both, scalar(Number(32, U64)))
    return checker.convert(both, U32)


def task_name(checker: Checker, receiver: Value) -> Value:
    """`ctx.comm`: the kernel fills 16 bytes of the stack."""
    kind = checker.module.types.memory_type(Comm)
    if not isinstance(kind, ArrayType):
        return Poison()
    target = checker.slot(kind)
    checker.helper(_GET_CURRENT_COMM, "get_current_comm", I64, target, Number(kind.size, U64))
    return Reference(target, fresh=True)
