"""Show outgoing TCP connections over IPv4: who connects where, and how it ends.

Two kernel probes where the kernel has them, else a tracepoint with typed arguments. Needs root.
"""

import os
from contextlib import suppress
from typing import Annotated

import osmia
from osmia import (
    BtfTracepointContext,
    Comm,
    Constant,
    FieldName,
    HashMap,
    KernelStruct,
    KprobeContext,
    NotSupportedError,
    RingBuf,
    be16,
    btf_tracepoint,
    i32,
    kernel_address,
    kernel_pointer,
    kprobe,
    ktime_get_ns,
    struct,
    u16,
    u32,
    u64,
)
from osmia.net import IPv4Address

AF_INET = u16(2)
TCP_ESTABLISHED, TCP_SYN_SENT = i32(1), i32(2)


class SockCommon(KernelStruct, name="sock_common"):
    """What all kinds of sockets have (include/net/sock.h)."""

    skc_family: u16
    skc_daddr: IPv4Address
    skc_dport: be16


class Sock(KernelStruct, name="sock"):
    """A socket."""

    common: Annotated[SockCommon, FieldName("__sk_common")]
    sk_err: i32


@struct
class Attempt:
    """A connection that has begun."""

    pid: u32
    comm: Comm
    started: u64


@struct
class Connection:
    """A connection that was made, or not."""

    pid: u32
    comm: Comm
    address: IPv4Address
    port: be16
    result: i32
    """0, or the error as in errno(3)."""
    duration: u64
    """ns from the first packet to the answer"""


attempts = HashMap(u64, Attempt, max_entries=10240)
connections = RingBuf(Connection, byte_size=256 * 1024)
own_pid = Constant(u32(0))
"""This program itself."""


def begin(sock: Sock, pid: u32, comm: Comm) -> None:
    """A process sends the first packet."""
    if sock.common.skc_family == AF_INET and pid != own_pid.value:
        attempts[kernel_address(sock)] = Attempt(pid=pid, comm=comm, started=ktime_get_ns())


def end(sock: Sock, state: i32) -> None:
    """The answer came, or none; in whatever process was running then."""
    attempt = attempts.lookup(kernel_address(sock))
    if attempt is None:
        return
    event = connections.reserve()
    if event is not None:
        event.pid = attempt.pid
        event.comm = attempt.comm
        event.address = sock.common.skc_daddr
        event.port = sock.common.skc_dport
        event.result = i32(0) if state == TCP_ESTABLISHED else sock.sk_err
        event.duration = ktime_get_ns() - attempt.started
        connections.submit(event)
    del attempts[kernel_address(sock)]


@kprobe("tcp_connect")
def connect_begins(ctx: KprobeContext) -> int:
    begin(kernel_pointer(Sock, ctx.arg(0)), ctx.pid, ctx.comm)
    return 0


@kprobe("tcp_set_state")
def connect_ends(ctx: KprobeContext) -> int:
    end(kernel_pointer(Sock, ctx.arg(0)), i32(ctx.arg(1)))
    return 0


@btf_tracepoint("inet_sock_set_state")
def state_changes(ctx: BtfTracepointContext, sock: Sock, old: i32, new: i32) -> int:
    if new == TCP_SYN_SENT:
        begin(sock, ctx.pid, ctx.comm)
    elif old == TCP_SYN_SENT:
        end(sock, new)
    return 0


PROBES = (connect_begins, connect_ends)


def watch(*, probes: bool) -> osmia.LoadedBpf:
    """Load one of the two, and attach it; the caller closes it."""
    programs = PROBES if probes else (state_changes,)
    bpf = osmia.load(*programs, constants={own_pid: u32(os.getpid())})
    try:
        for program in programs:
            bpf[program].attach()
    except BaseException:
        bpf.close()
        raise
    return bpf


def main() -> None:
    try:
        bpf = watch(probes=True)
    except NotSupportedError:
        bpf = watch(probes=False)
    with bpf:
        print(f"{'PID':>7} {'COMMAND':16} {'DESTINATION':22} {'MS':>9} RESULT")
        for event in bpf[connections]:
            result = os.strerror(int(event.result)) if event.result else "connected"
            where = f"{event.address}:{event.port}"
            print(f"{event.pid:>7} {event.comm!s:16} {where:22} {int(event.duration) / 1e6:9.3f} {result}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
