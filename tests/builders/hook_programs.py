"""Programs on functions and security hooks of the kernel; compiled beforehand for virtual machines."""

from __future__ import annotations

from typing import Annotated, Any

from osmia import (
    ArrayMap,
    Constant,
    FentryContext,
    FexitContext,
    FieldName,
    KernelStruct,
    KprobeContext,
    LsmContext,
    Program,
    be16,
    fentry,
    fexit,
    i32,
    kernel_pointer,
    kprobe,
    kretprobe,
    lsm,
    u16,
    u32,
    u64,
)

ENTRY, EXIT, PROBE, RETURN, HOOK = u32(0), u32(1), u32(2), u32(3), u32(4)
FORBIDDEN = 13
"""EACCES"""


class SockCommon(KernelStruct, name="sock_common"):
    skc_dport: be16


class Sock(KernelStruct, name="sock"):
    common: Annotated[SockCommon, FieldName("__sk_common")]


class Socket(KernelStruct, name="socket"):
    type: u16


class SockaddrIn(KernelStruct, name="sockaddr_in"):
    sin_port: be16


seen = ArrayMap(u64, max_entries=8)
port = Constant(be16(0))
forbidden_port = Constant(be16(0))


@fentry("tcp_connect")
def entered(ctx: FentryContext, sock: Sock) -> int:
    if sock.common.skc_dport == port.value:
        seen[ENTRY] += 1
    return 0


@fexit("tcp_connect")
def left(ctx: FexitContext, sock: Sock, result: i32) -> int:
    if sock.common.skc_dport == port.value:
        seen[EXIT] = u64(1) if result == 0 else u64(2)
    return 0


@kprobe("tcp_connect")
def probed(ctx: KprobeContext) -> int:
    if kernel_pointer(Sock, ctx.arg(0)).common.skc_dport == port.value:
        seen[PROBE] += 1
    return 0


@kretprobe("tcp_connect")
def returned(ctx: KprobeContext) -> int:
    seen[RETURN] = u64(1) if ctx.return_value == 0 else u64(2)
    return 0


@lsm("socket_connect")
def asked(ctx: LsmContext, sock: Socket, address: u64, length: i32) -> int:
    if kernel_pointer(SockaddrIn, address).sin_port == forbidden_port.value:
        seen[HOOK] += 1
        return -FORBIDDEN
    return 0


OBJECTS: dict[str, tuple[Program[Any, Any], ...]] = {
    "fentry": (entered, left),
    "kprobes": (probed, returned),
    "lsm": (asked,),
}
