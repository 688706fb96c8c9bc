"""Local storage: the value that belongs to a task, file, socket or control group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Context, Poison, Reference, Static, Value, scalar
from osmia.compiler.ir.operands import Null, Number, Operand
from osmia.compiler.ir.ops import AddressToPointer, ContextAddress, ContextField, LoadLocal, StoreLocal
from osmia.compiler.ir.types import I64, U64, IntegerType, PointerType, Space, StructType
from osmia.compiler.primitives.contexts import context_row
from osmia.compiler.primitives.maps import address, definition_of
from osmia.compiler.primitives.method import Call
from osmia.dataclass import dataclass
from osmia.diagnostics import Span
from osmia.lang.local_storage import LocalStorage, SocketStorage
from osmia.uapi import MapType
from osmia.uapi.layout import offset_of
from osmia.uapi.records import SkBuff, SkMsg, SockAddr, SockOps, Sockopt

Result = IntegerType | PointerType

_CREATE = 1
"""BPF_LOCAL_STORAGE_GET_F_CREATE."""
_MISSING = -2
"""ENOENT: the owner has no value, or there is no owner."""
_CURRENT_TASK = 158


@dataclass(frozen=True)
class _Helpers:
    """The names of a storage's helpers, and their numbers."""

    get: str
    get_number: int
    delete: str
    delete_number: int


_HELPERS = {
    MapType.SK_STORAGE: _Helpers("sk_storage_get", 107, "sk_storage_delete", 108),
    MapType.INODE_STORAGE: _Helpers("inode_storage_get", 145, "inode_storage_delete", 146),
    MapType.TASK_STORAGE: _Helpers("task_storage_get", 156, "task_storage_delete", 157),
    MapType.CGRP_STORAGE: _Helpers("cgrp_storage_get", 210, "cgrp_storage_delete", 211),
}
_SOCKETS = {
    "__sk_buff": offset_of(SkBuff, "sk"),
    "bpf_sock_addr": offset_of(SockAddr, "sk"),
    "bpf_sock_ops": offset_of(SockOps, "sk"),
    "sk_msg_md": offset_of(SkMsg, "sk"),
    "bpf_sockopt": offset_of(Sockopt, "sk"),
}
"""Where contexts have their socket; `bpf_sock` is one itself."""
_NO_VALUE = Null(PointerType(None, Space.STACK))


def lookup(checker: Checker, receiver: Value, call: Call) -> Value:
    """`storage.lookup(owner)`."""
    name = _name(checker, receiver)
    return _get(checker, receiver, call, 0, f"`{name}.lookup` returns None when the owner has no value")


def lookup_or_create(checker: Checker, receiver: Value, call: Call) -> Value:
    """`storage.lookup_or_create(owner)`."""
    name = _name(checker, receiver)
    origin = f"`{name}.lookup_or_create` returns None when there is no memory for the value"
    return _get(checker, receiver, call, _CREATE, origin)


def _get(checker: Checker, receiver: Value, call: Call, flags: int, origin: str) -> Value:
    storage = _storage(receiver)
    owner = _owner(checker, storage, call.values[0], call.spans[0])
    if owner is None:
        return Poison()
    value_type = checker.module.types.memory_type(storage.value_type)
    result = PointerType(value_type, Space.SHARED_MAP_VALUE, nullable=True)
    helpers = _HELPERS[storage.map_type]

    def emit(present: Operand) -> Operand:
        target = address(checker, definition_of(checker, storage))
        flag = Number(flags, U64)
        return checker.helper(helpers.get_number, helpers.get, result, target, present, _NO_VALUE, flag)

    return Reference(_where_present(checker, owner, result, Null(result), emit), origin)


def delete(checker: Checker, receiver: Value, call: Call) -> Value:
    """`storage.delete(owner)`."""
    storage = _storage(receiver)
    owner = _owner(checker, storage, call.values[0], call.spans[0])
    if owner is None:
        return Poison()
    helpers = _HELPERS[storage.map_type]

    def emit(present: Operand) -> Operand:
        target = address(checker, definition_of(checker, storage))
        return checker.helper(helpers.delete_number, helpers.delete, I64, target, present)

    failed = _where_present(checker, owner, I64, Number(_MISSING, I64), emit)
    return scalar(checker.compare("eq", scalar(failed), scalar(Number(0, I64))))


def current_task(checker: Checker, receiver: Value, call: Call) -> Value:
    """`current_task(Struct)`."""
    value = call.values[0]
    struct = checker.module.types.pointer_target(value.value) if isinstance(value, Static) else None
    if not isinstance(struct, StructType) or struct.kernel is None or struct.kernel.name != "task_struct":
        expected = "a KernelStruct of task_struct"
        return checker.report(findings.type_mismatch(call.spans[0], expected, str(value)))
    result = PointerType(struct, Space.BTF)
    return Reference(checker.helper(_CURRENT_TASK, "get_current_task_btf", result))


def _storage(receiver: Value) -> LocalStorage[Any]:
    assert isinstance(receiver, Static)
    return cast("LocalStorage[Any]", receiver.value)


def _name(checker: Checker, receiver: Value) -> str:
    return definition_of(checker, _storage(receiver)).name


def _owner(checker: Checker, storage: LocalStorage[Any], value: Value, span: Span) -> Operand | None:
    """The pointer that helpers take, null where a context has no socket; None after a finding."""
    if isinstance(value, Context) and isinstance(storage, SocketStorage):
        name = context_row(value.context_type).kernel_name
        if name == "bpf_sock":
            context = checker.builder.register(PointerType(None, Space.CONTEXT))
            checker.builder.emit(ContextAddress(context))
            return context
        if name in _SOCKETS:
            number = checker.builder.register(U64)
            checker.builder.emit(ContextField(number, _SOCKETS[name], U64.size))
            socket = checker.builder.register(PointerType(None, Space.BTF, nullable=True))
            checker.builder.emit(AddressToPointer(socket, number))
            return socket
    if isinstance(value, Poison):
        return None
    struct = value.type.pointee if isinstance(value, Reference) else None
    kernel = struct.kernel if isinstance(struct, StructType) else None
    if isinstance(value, Reference) and kernel is not None and kernel.name in storage.owners:
        if value.type.space is Space.BTF:
            return value.operand
        help_text = "take a parameter of the program, or what a field of one points to"
        checker.report(
            findings.type_mismatch(span, "a typed pointer", f"{value}, only an address", help_text)
        )
        return None
    names = " or ".join(storage.owners[:2])
    checker.report(findings.type_mismatch(span, f"a KernelStruct of {names}", str(value)))
    return None


def _where_present(
    checker: Checker, owner: Operand, kind: Result, otherwise: Operand, emit: Callable[[Operand], Operand]
) -> Operand:
    """What a helper gives, which takes no owner that is null."""
    if not isinstance(owner.type, PointerType) or not owner.type.nullable:
        return emit(owner)
    builder = checker.builder
    result = builder.local("found", kind)
    absent, present, join = builder.block(), builder.block(), builder.block()
    builder.branch(checker.is_null(owner).operand, absent, present)
    builder.enter(absent)
    builder.emit(StoreLocal(result, otherwise))
    builder.jump(join)
    builder.enter(present)
    builder.emit(StoreLocal(result, emit(owner)))
    builder.jump(join)
    builder.enter(join)
    value = builder.register(kind)
    builder.emit(LoadLocal(value, result))
    return value
