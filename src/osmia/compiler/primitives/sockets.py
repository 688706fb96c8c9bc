"""Sockets: redirecting messages, choosing sockets, and what contexts at sockets can be asked."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import (
    Absent,
    Context,
    PlainInt,
    Poison,
    Reference,
    Scalar,
    Static,
    Value,
    scalar,
)
from osmia.compiler.ir.operands import Null, Number, Operand
from osmia.compiler.ir.ops import ContextAddress, LoadLocal, StoreLocal, Zero
from osmia.compiler.ir.types import (
    BOOL,
    I64,
    U32,
    U64,
    ArrayType,
    IntegerType,
    PointerType,
    Space,
    StructType,
    alignment_of,
)
from osmia.compiler.primitives import maps
from osmia.compiler.primitives.method import Call
from osmia.lang.actions import SkAction
from osmia.lang.arrays import CharArray
from osmia.lang.socket_maps import SocketMap
from osmia.uapi import MapType

_LOOKUP = 1
_SKB_LOAD_BYTES = 26
_SOCK_OPS_CB_FLAGS_SET = 59
_SK_SELECT_REUSEPORT = 82
_SK_RELEASE = 86
_SYSCTL_NAME, _SYSCTL_CURRENT_VALUE, _SYSCTL_NEW_VALUE = 101, 102, 103
_SK_ASSIGN = 124
_REDIRECT = {
    ("sk_msg_md", MapType.SOCKMAP): (60, "msg_redirect_map"),
    ("sk_msg_md", MapType.SOCKHASH): (71, "msg_redirect_hash"),
    ("__sk_buff", MapType.SOCKMAP): (52, "sk_redirect_map"),
    ("__sk_buff", MapType.SOCKHASH): (72, "sk_redirect_hash"),
}
"""Helpers by context and map; those of a hash take the key's address."""
_INGRESS = 1


def context_address(checker: Checker) -> Operand:
    """The program's context, as helpers take it."""
    address = checker.builder.register(PointerType(None, Space.CONTEXT))
    checker.builder.emit(ContextAddress(address))
    return address


def load_bytes(checker: Checker, receiver: Value, call: Call) -> Value:
    """`ctx.load_bytes(Header, offset)`: a copy on the stack, or None."""
    header = call.values[0]
    kind = checker.module.types.memory_type(header.value) if isinstance(header, Static) else None
    if not isinstance(kind, StructType | ArrayType):
        return checker.report(findings.type_mismatch(call.spans[0], "a @struct class", str(header)))
    offset = checker.fit(call.values[1], U32, call.spans[1])
    if not isinstance(offset, Scalar):
        return Poison()
    builder = checker.builder
    target = checker.slot(kind)
    checker.builder.emit(Zero(target, kind.size, alignment_of(kind)))
    size = Number(kind.size, U32)
    failed = checker.helper(
        _SKB_LOAD_BYTES, "skb_load_bytes", I64, context_address(checker), offset.operand, target, size
    )
    pointer = PointerType(kind, Space.STACK, nullable=True)
    result = builder.local("loaded", pointer)
    short, whole, join = builder.block(), builder.block(), builder.block()
    builder.branch(checker.compare("eq", scalar(failed), scalar(Number(0, I64))), whole, short)
    builder.enter(short)
    builder.emit(StoreLocal(result, Null(pointer)))
    builder.jump(join)
    builder.enter(whole)
    builder.emit(StoreLocal(result, target))
    builder.jump(join)
    builder.enter(join)
    value = builder.register(pointer)
    builder.emit(LoadLocal(value, result))
    return Reference(value, "`load_bytes` returns None where the packet ends before that", fresh=True)


def _sockets(receiver: Value) -> SocketMap:
    assert isinstance(receiver, Static)
    assert isinstance(receiver.value, SocketMap)
    return receiver.value


def redirect(checker: Checker, receiver: Value, call: Call) -> Value:
    """`sockets.redirect(ctx, key)`."""
    return _redirect(checker, _sockets(receiver), call, 0)


def redirect_ingress(checker: Checker, receiver: Value, call: Call) -> Value:
    """`sockets.redirect_ingress(ctx, key)`."""
    return _redirect(checker, _sockets(receiver), call, _INGRESS)


def _redirect(checker: Checker, sockets: SocketMap, call: Call, flags: int) -> Value:
    context = call.values[0]
    if not isinstance(context, Context):
        return checker.report(findings.type_mismatch(call.spans[0], "the program's context", str(context)))
    kernel_name: str = getattr(context.context_type, "kernel_name", "")
    found = _REDIRECT.get((kernel_name, sockets.map_type))
    if found is None:
        expected = "the context of a program of type sk_msg or sk_skb"
        return checker.report(findings.type_mismatch(call.spans[0], expected, str(context)))
    number, name = found
    if sockets.map_type is MapType.SOCKMAP:
        index = checker.fit(call.values[1], U32, call.spans[1])
        key = index.operand if isinstance(index, Scalar) else None
    else:
        key = maps.key_address(checker, sockets, call.values[1], call.spans[1])
    if key is None:
        return Poison()
    target = maps.address(checker, maps.definition_of(checker, sockets))
    verdict = checker.helper(number, name, I64, context_address(checker), target, key, Number(flags, U64))
    kind = checker.module.types.memory_type(SkAction)
    assert isinstance(kind, IntegerType)
    return checker.convert(scalar(verdict), kind)


def assign(checker: Checker, receiver: Value, call: Call) -> Value:
    """`SkLookupContext.assign(sockets, key)`: look a socket up, choose it, and give it back."""
    target = _socket_map(checker, call, (MapType.SOCKMAP, MapType.SOCKHASH))
    if target is None:
        return Poison()
    key = maps.key_address(checker, target, call.values[1], call.spans[1])
    if key is None:
        return Poison()
    builder = checker.builder
    chosen = builder.local("chosen", BOOL)
    builder.emit(StoreLocal(chosen, Number(0, BOOL)))
    there, join = builder.block(), builder.block()
    socket_type = PointerType(None, Space.MAP, nullable=True)
    address = maps.address(checker, maps.definition_of(checker, target))
    socket = checker.helper(_LOOKUP, "map_lookup_elem", socket_type, address, key)
    builder.branch(checker.is_null(socket).operand, join, there)
    builder.enter(there)
    failed = checker.helper(_SK_ASSIGN, "sk_assign", I64, context_address(checker), socket, Number(0, U64))
    builder.emit(StoreLocal(chosen, checker.compare("eq", scalar(failed), scalar(Number(0, I64)))))
    checker.helper(_SK_RELEASE, "sk_release", I64, socket)
    builder.jump(join)
    builder.enter(join)
    result = builder.register_bool()
    builder.emit(LoadLocal(result, chosen))
    return scalar(result)


def select(checker: Checker, receiver: Value, call: Call) -> Value:
    """`SkReuseportContext.select(sockets, key)`."""
    target = _socket_map(checker, call, (MapType.REUSEPORT_SOCKARRAY, MapType.SOCKMAP))
    if target is None:
        return Poison()
    key = maps.key_address(checker, target, call.values[1], call.spans[1])
    if key is None:
        return Poison()
    address = maps.address(checker, maps.definition_of(checker, target))
    failed = checker.helper(
        _SK_SELECT_REUSEPORT,
        "sk_select_reuseport",
        I64,
        context_address(checker),
        address,
        key,
        Number(0, U64),
    )
    return scalar(checker.compare("eq", scalar(failed), scalar(Number(0, I64))))


def _socket_map(checker: Checker, call: Call, types: tuple[MapType, ...]) -> SocketMap | None:
    given = call.values[0]
    declaration = given.value if isinstance(given, Static) else None
    if isinstance(declaration, SocketMap) and declaration.map_type in types:
        return declaration
    checker.report(findings.type_mismatch(call.spans[0], "a map of sockets of this kind", str(given)))
    return None


def request(checker: Checker, receiver: Value, call: Call) -> Value:
    """`SockOpsContext.request(events)`."""
    given = call.values[0]
    if isinstance(given, Static) and isinstance(given.value, int):
        operand: Operand = Number(int(given.value), U64)
    elif isinstance(given, PlainInt):
        operand = given.operand
    else:
        return checker.report(findings.type_mismatch(call.spans[0], "SocketEvents", str(given)))
    checker.helper(_SOCK_OPS_CB_FLAGS_SET, "sock_ops_cb_flags_set", I64, context_address(checker), operand)
    return Absent()


def sysctl_name(checker: Checker, receiver: Value, call: Call) -> Value:
    """`CgroupSysctlContext.name(type)`."""
    return _setting(checker, call, _SYSCTL_NAME, "sysctl_get_name", (Number(0, U64),))


def sysctl_value(checker: Checker, receiver: Value, call: Call) -> Value:
    """`CgroupSysctlContext.value(type)`."""
    return _setting(checker, call, _SYSCTL_CURRENT_VALUE, "sysctl_get_current_value", ())


def sysctl_new_value(checker: Checker, receiver: Value, call: Call) -> Value:
    """`CgroupSysctlContext.new_value(type)`."""
    return _setting(checker, call, _SYSCTL_NEW_VALUE, "sysctl_get_new_value", ())


def _setting(checker: Checker, call: Call, number: int, name: str, rest: tuple[Operand, ...]) -> Value:
    given = call.values[0]
    kind = checker.module.types.memory_type(given.value) if isinstance(given, Static) else None
    python_class = checker.module.types.python_class(kind) if kind is not None else None
    if not isinstance(kind, ArrayType) or python_class is None or not issubclass(python_class, CharArray):
        expected = "a type CharArray[Literal[n]]"
        return checker.report(findings.type_mismatch(call.spans[0], expected, str(given)))
    target = checker.slot(kind)
    checker.builder.emit(Zero(target, kind.size, alignment_of(kind)))
    size = Number(kind.size, U64)
    checker.helper(number, name, I64, context_address(checker), target, size, *rest)
    return Reference(target, fresh=True)
