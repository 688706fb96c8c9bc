"""Tracing contexts: records and registers, and the task that was interrupted."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import PlainInt, Poison, Reference, Scalar, Static, Value, scalar
from osmia.compiler.ir.ops import ContextField, Number
from osmia.compiler.ir.types import I64, U32, U64, ArrayType, IntegerType
from osmia.compiler.primitives.method import Call
from osmia.lang.arrays import Comm

_GET_CURRENT_PID_TGID, _GET_CURRENT_UID_GID, _GET_CURRENT_COMM = 14, 15, 16
_LARGEST_RECORD = 4096


@dataclass(frozen=True)
class Registers:
    """Where `struct pt_regs` has what a probe asks for, in bytes."""

    arguments: tuple[int, ...]
    ip: int
    return_value: int


_REGISTERS = {
    # arch/x86/include/asm/ptrace.h: di, si, dx, cx, r8, r9; ip; ax
    "x86_64": Registers((112, 104, 96, 88, 72, 64), 128, 80),
    # arch/arm64/include/uapi/asm/ptrace.h: x0 to x5; pc; x0
    "aarch64": Registers((0, 8, 16, 24, 32, 40), 256, 0),
}


def registers() -> Registers:
    """The registers of the processor that programs are compiled for: this machine's."""
    return _REGISTERS.get(platform.machine(), _REGISTERS["x86_64"])


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
    kind = (
        checker.module.types.memory_type(call.values[0].value) if isinstance(call.values[0], Static) else None
    )
    if not isinstance(kind, IntegerType):
        return checker.report(findings.type_mismatch(call.spans[0], "an integer type", str(call.values[0])))
    offset = _known(call.values[1], _LARGEST_RECORD - kind.size)
    if offset is None or offset % kind.size:
        expected = f"a known offset, a multiple of {kind.size}"
        return checker.report(findings.type_mismatch(call.spans[1], expected, str(call.values[1])))
    return _field(checker, offset, kind)


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


def return_value(checker: Checker, receiver: Value) -> Value:
    """`KprobeContext.return_value`."""
    return _field(checker, registers().return_value, U64)


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
