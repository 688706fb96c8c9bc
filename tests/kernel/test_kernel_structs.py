"""Structs of this kernel, read by programs on real events and compared with what user space knows."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

import osmia
from osmia import (
    Array,
    ArrayMap,
    BitField,
    BtfTracepointContext,
    Comm,
    FieldName,
    HashMap,
    KernelAddress,
    KernelPointer,
    KernelStruct,
    RawTracepointContext,
    TracepointContext,
    TracepointField,
    TracingProgram,
    VerifierError,
    be16,
    be32,
    btf_tracepoint,
    field_exists,
    field_offset,
    field_size,
    i32,
    kernel_address,
    kernel_pointer,
    raw_tracepoint,
    struct,
    tracepoint,
    type_exists,
    type_size,
    u8,
    u16,
    u32,
    u64,
)
from osmia.sys import RUNNING_KERNEL


class Mm(KernelStruct, name="mm_struct"):
    task_size: u64


class TaskStruct(KernelStruct, name="task_struct"):
    pid: i32
    tgid: i32
    comm: Comm
    real_parent: KernelPointer[TaskStruct]
    group_leader: KernelPointer[TaskStruct]
    mm: KernelPointer[Mm]
    stack: KernelAddress
    no_such_field: u32
    exit_state: i32


class SockCommon(KernelStruct, name="sock_common"):
    skc_daddr: be32
    skc_dport: be16
    skc_num: u16
    skc_family: u16
    skc_state: u8
    skc_reuse: Annotated[u8, BitField(4)]


class Sock(KernelStruct, name="sock"):
    common: Annotated[SockCommon, FieldName("__sk_common")]
    sk_protocol: u16
    sk_type: u16


class Missing(KernelStruct, name="no_such_struct"):
    x: u32


@struct
class Seen:
    parent: i32
    tid: i32
    leader: i32
    has_mm: u32
    name: Comm
    stack: u64
    parent_name: Comm
    far: i32


seen = HashMap(u32, Seen, max_entries=4)
watched = osmia.Constant(u32(0))


def describe(task: TaskStruct) -> Seen:
    return Seen(
        parent=task.real_parent.tgid,
        tid=task.pid,
        leader=task.group_leader.pid,
        has_mm=u32(1) if task.mm else u32(0),
        name=task.comm,
        stack=task.stack,
        parent_name=task.real_parent.comm,
        far=task.real_parent.real_parent.real_parent.real_parent.real_parent.pid,
    )


@btf_tracepoint("sched_switch")
def direct(ctx: BtfTracepointContext, preempt: bool, previous: TaskStruct, following: TaskStruct) -> int:
    if u32(previous.tgid) == watched.value:
        seen[u32(1)] = describe(previous)
    return 0


@raw_tracepoint("sched_switch")
def probed(ctx: RawTracepointContext) -> int:
    previous = kernel_pointer(TaskStruct, ctx.arg(1))
    if u32(previous.tgid) == watched.value:
        seen[u32(1)] = describe(previous)
    return 0


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


@pytest.mark.parametrize("program", [direct, probed])
def test_a_task_that_goes_to_sleep(program: TracingProgram[Any]) -> None:
    with osmia.load(program, constants={watched: u32(os.getpid())}) as bpf:
        bpf[program].attach()
        for _ in range(100):
            time.sleep(0.001)
            if u32(1) in bpf[seen]:
                break
        found = bpf[seen][u32(1)]
    ids = [int(found.parent), int(found.leader), int(found.tid)]
    assert ids == [os.getppid(), os.getpid(), threading.get_native_id()]
    assert found.has_mm == 1
    assert str(found.name) == name_of(os.getpid())
    assert str(found.parent_name) == name_of(os.getppid())
    assert found.stack >> u64(40) != 0
    # The chain of parents ends at task 0, whose parent is itself.
    assert found.far >= 0


answers = ArrayMap(u64, max_entries=8)


@raw_tracepoint("sys_enter")
def questions(ctx: RawTracepointContext) -> int:
    answers[u32(0)] = u64(field_exists(TaskStruct.no_such_field))
    answers[u32(1)] = u64(field_exists(TaskStruct.pid))
    answers[u32(2)] = u64(field_offset(TaskStruct.tgid)) - u64(field_offset(TaskStruct.pid))
    answers[u32(3)] = u64(field_size(TaskStruct.comm))
    answers[u32(4)] = u64(type_exists(Missing))
    answers[u32(5)] = u64(type_exists(TaskStruct))
    answers[u32(6)] = u64(type_size(TaskStruct))
    if field_exists(TaskStruct.no_such_field):
        nowhere = kernel_pointer(TaskStruct, u64(0))
        answers[u32(7)] = u64(nowhere.no_such_field)
    return 0


def test_questions_about_fields_and_types() -> None:
    with osmia.load(questions) as bpf:
        bpf[questions].attach()
        os.getppid()
        found = [int(bpf[answers][index]) for index in range(8)]
    assert found[:6] == [0, 1, 4, 16, 0, 1]
    assert 1000 < found[6] < 100_000
    assert found[7] == 0


@raw_tracepoint("sys_enter")
def reads_what_is_missing(ctx: RawTracepointContext) -> int:
    answers[u32(0)] = u64(kernel_pointer(TaskStruct, ctx.arg(0)).no_such_field)
    return 0


def test_a_missing_field_is_named() -> None:
    with pytest.raises(VerifierError, match=r"struct task_struct\.no_such_field does not exist") as caught:
        osmia.load(reads_what_is_missing)
    assert "no_such_field" in str(caught.value)
    assert "field_exists" in str(caught.value)


@struct
class Change:
    daddr: be32
    dport: be16
    protocol: u16
    old: i32
    new: i32
    address: u64
    kind: u16
    reuse: u16


changes = HashMap(u64, Change, max_entries=256)
port = osmia.Constant(be16(0))


@btf_tracepoint("inet_sock_set_state")
def state_changed(ctx: BtfTracepointContext, sock: Sock, old: i32, new: i32) -> int:
    common = sock.common
    if common.skc_dport == port.value and new == TCP_SYN_SENT:
        changes[kernel_address(sock)] = Change(
            daddr=common.skc_daddr,
            dport=common.skc_dport,
            protocol=sock.sk_protocol,
            old=old,
            new=new,
            address=kernel_address(sock),
            kind=sock.sk_type,
            reuse=u16(common.skc_reuse),
        )
    return 0


TCP_CLOSE, TCP_SYN_SENT = i32(7), i32(2)


@pytest.mark.parametrize("reuse", [0, 1])
def test_a_socket_that_connects(reuse: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        number = server.getsockname()[1]
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        with osmia.load(state_changed, constants={port: be16(number)}) as bpf:
            bpf[state_changed].attach()
            client.connect(("127.0.0.1", number))
            ((key, change),) = bpf[changes].items()
    assert (change.daddr, change.dport) == (be32(0x7F000001), be16(number))
    assert (change.old, change.new) == (TCP_CLOSE, TCP_SYN_SENT)
    assert (int(change.protocol), int(change.kind)) == (socket.IPPROTO_TCP, socket.SOCK_STREAM.value)
    assert change.address == key
    assert key >> u64(48) == 0xFFFF
    assert change.reuse == reuse


def test_an_unknown_tracepoint() -> None:
    @btf_tracepoint("no_such_event")
    def nowhere(ctx: BtfTracepointContext) -> int:
        return 0

    with pytest.raises(osmia.UsageError, match="no tracepoint 'no_such_event'"):
        osmia.load(nowhere)


class InetSockSetState(TracepointContext):
    """The record of sock/inet_sock_set_state, as `osmia generate tracepoint` writes it."""

    newstate = TracepointField(i32, 20)
    dport = TracepointField(u16, 26)
    daddr = TracepointField(Array[u8, Literal[4]], 36)


addresses = HashMap(u16, Array[u8, Literal[4]], max_entries=256)


@tracepoint("sock", "inet_sock_set_state")
def recorded(ctx: InetSockSetState) -> int:
    if ctx.newstate == TCP_SYN_SENT:
        addresses[ctx.dport] = ctx.daddr
    return 0


def test_the_fields_of_a_tracepoint() -> None:
    if "tracefs" not in RUNNING_KERNEL.mounts():
        pytest.skip("tracefs is not mounted")
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with osmia.load(recorded) as bpf:
            bpf[recorded].attach()
            socket.create_connection(("127.0.0.1", number)).close()
            assert bytes(bpf[addresses][u16(number)]) == bytes([127, 0, 0, 1])
