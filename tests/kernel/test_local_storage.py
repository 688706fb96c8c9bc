"""Values that belong to tasks, sockets and control groups; in the kernel and in the simulation."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

import osmia
from osmia import (
    BtfTracepointContext,
    CgroupSockAddrContext,
    CgroupStorage,
    CgroupVerdict,
    CompileError,
    InodeStorage,
    KernelPointer,
    KernelStruct,
    LsmContext,
    SocketStorage,
    SockOpsContext,
    TaskStorage,
    UsageError,
    btf_tracepoint,
    cgroup_sock_addr,
    current_task,
    i32,
    kernel_pointer,
    lsm,
    sock_ops,
    u32,
    u64,
)
from osmia.lang.runtime import running_with
from tests.builders.cgroups import cgroup


class Cgroup(KernelStruct, name="cgroup"):
    level: i32


class CssSet(KernelStruct, name="css_set"):
    dfl_cgrp: KernelPointer[Cgroup]


class TaskStruct(KernelStruct, name="task_struct"):
    pid: i32
    tgid: i32
    group_leader: KernelPointer[TaskStruct]
    cgroups: KernelPointer[CssSet]


class Inode(KernelStruct, name="inode"):
    i_ino: u64


class File(KernelStruct, name="file"):
    f_inode: KernelPointer[Inode]


class PtRegs(KernelStruct, name="pt_regs"):
    ax: u64


@osmia.struct
class Calls:
    count: u64
    last: u32
    leader: u32


GETPPID = 110
calls = TaskStorage(Calls)
marks = TaskStorage(u64)
watched = osmia.Constant(u32(0))


@btf_tracepoint("sys_enter")
def count_calls(ctx: BtfTracepointContext, registers: PtRegs, number: u64) -> int:
    if ctx.pid != watched.value:
        return 0
    task = current_task(TaskStruct)
    mark = marks.lookup(task)
    if mark is not None:
        mark.value += 1
        if mark.value >= u64(100):
            marks.delete(task)
    if number != u64(110):
        return 0
    mine = calls.lookup_or_create(task)
    if mine is None:
        return 0
    mine.count += 1
    mine.last = u32(task.pid)
    mine.leader = u32(task.group_leader.pid)
    return 0


@contextmanager
def pidfd(pid: int) -> Generator[int]:
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_a_value_for_each_task() -> None:
    with osmia.load(count_calls, constants={watched: u32(os.getpid())}) as bpf, pidfd(os.getpid()) as me:
        assert me not in bpf[calls]
        with pytest.raises(KeyError):
            bpf[calls][me]
        with bpf[count_calls].attach():
            for _ in range(5):
                os.getppid()
            # Another thread has a value of its own.
            other = threading.Thread(target=os.getppid)
            other.start()
            other.join()
        found = bpf[calls][me]
        assert [int(each) for each in (found.count, found.last, found.leader)] == [
            5,
            os.getpid(),
            os.getpid(),
        ]
        bpf[calls][me] = Calls(count=u64(40), last=u32(1), leader=u32(2))
        with bpf[count_calls].attach():
            os.getppid()
        assert bpf[calls][me].count == 41
        del bpf[calls][me]
        assert bpf[calls].get(me) is None
        with pytest.raises(KeyError):
            del bpf[calls][me]


def test_a_program_gives_a_value_up() -> None:
    with osmia.load(count_calls, constants={watched: u32(os.getpid())}) as bpf, pidfd(os.getpid()) as me:
        bpf[marks][me] = u64(0)
        with bpf[count_calls].attach():
            for _ in range(150):
                os.getppid()
        assert me not in bpf[marks]


def test_what_is_no_owner() -> None:
    with osmia.load(count_calls) as bpf, socket.socket() as other:
        with pytest.raises(UsageError, match=r"no owner .* 'calls'") as caught:
            bpf[calls][other]
        assert "pidfd_open" in str(caught.value)
        with pytest.raises(UsageError, match="no owner"):
            bpf[calls][-1]
        with pytest.raises(UsageError, match="no owner"):
            bpf[calls][TaskStruct()]


def test_tasks_in_the_simulation() -> None:
    with osmia.simulate(count_calls, constants={watched: u32(7)}):
        for thread in (7, 7, 8):
            count_calls(BtfTracepointContext(PtRegs(), GETPPID, pid=7, tid=thread))
        found: dict[int, int] = {}
        for thread in (7, 8, 9):
            with running_with(BtfTracepointContext(pid=7, tid=thread)):
                mine = calls.lookup(current_task(TaskStruct))
            if mine is not None:
                assert mine.last == thread
                found[thread] = int(mine.count)
        assert found == {7: 2, 8: 1}


def test_what_a_simulated_owner_is() -> None:
    @btf_tracepoint("sched_switch")
    def left(ctx: BtfTracepointContext, preempt: bool, previous: TaskStruct) -> int:
        mark = marks.lookup_or_create(previous)
        if mark is None:
            return 1
        mark.value += 1
        return 0

    first, second = TaskStruct(pid=i32(1)), TaskStruct(pid=i32(2))
    with osmia.simulate(left) as bpf:
        for task in (first, second, first):
            left(BtfTracepointContext(False, task))
        assert bpf[marks][first] == 2
        assert bpf[marks][second] == 1
        del bpf[marks][second]
        assert second not in bpf[marks]
        bpf[marks][second] = u64(9)
        assert bpf[marks].get(second) == 9
        # No value for a null pointer.
        assert left(BtfTracepointContext(False, TaskStruct().group_leader)) == 1
        with pytest.raises(UsageError, match="no descriptors"):
            bpf[marks][5]


connections = SocketStorage(u64)
TCP_CONNECT, ACTIVE_ESTABLISHED = 3, 4


@cgroup_sock_addr("connect4")
def on_connect(ctx: CgroupSockAddrContext) -> CgroupVerdict:
    value = connections.lookup_or_create(ctx)
    if value is not None:
        value.value += 10
    return CgroupVerdict.ALLOW


@sock_ops
def on_event(ctx: SockOpsContext) -> int:
    if ctx.operation == u32(4):
        value = connections.lookup(ctx)
        if value is not None:
            value.value += 7
    return 1


@contextmanager
def inside(group: Path) -> Generator[None]:
    """This process is in a control group: its sockets belong to it."""
    # The group's folder lies in the root of the hierarchy.
    before = next(
        line.split(":", 2)[2].strip()
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        if line.startswith("0::")
    )
    (group / "cgroup.procs").write_text(str(os.getpid()))
    try:
        yield
    finally:
        (group.parent / before.lstrip("/") / "cgroup.procs").write_text(str(os.getpid()))


def test_a_value_for_each_socket() -> None:
    with (
        osmia.load(on_connect, on_event) as bpf,
        cgroup() as group,
        inside(group.path),
        bpf[on_connect].attach(group.path),
        bpf[on_event].attach(group.path),
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        with socket.create_connection(server.getsockname()) as client:
            accepted, _ = server.accept()
            with accepted:
                assert bpf[connections][client] == 17
                assert accepted not in bpf[connections]
                bpf[connections][accepted] = u64(3)
                assert bpf[connections][accepted] == 3
                del bpf[connections][client]
                assert client not in bpf[connections]


levels = CgroupStorage(u64)


@btf_tracepoint("sys_enter")
def count_in_group(ctx: BtfTracepointContext, registers: PtRegs, number: u64) -> int:
    if ctx.pid == watched.value and number == u64(110):
        group = current_task(TaskStruct).cgroups.dfl_cgrp
        level = levels.lookup_or_create(group)
        if level is not None:
            level.value += u64(1000) + u64(group.level)
    return 0


def test_a_value_for_each_control_group() -> None:
    with osmia.load(count_in_group, constants={watched: u32(os.getpid())}) as bpf, cgroup() as group:
        folder = os.open(group.path, os.O_RDONLY)
        try:
            with inside(group.path), bpf[count_in_group].attach():
                os.getppid()
                os.getppid()
            assert bpf[levels][folder] == 2002
        finally:
            os.close(folder)


def test_sockets_in_the_simulation() -> None:
    with osmia.simulate(on_connect, on_event) as bpf:
        context = CgroupSockAddrContext()
        assert on_connect(context) is CgroupVerdict.ALLOW
        on_connect(context)
        assert bpf[connections][context] == 20
        established = SockOpsContext(operation=u32(ACTIVE_ESTABLISHED))
        on_event(established)
        assert established not in bpf[connections]


opened = InodeStorage(u64)


@lsm("file_open")
def on_open(ctx: LsmContext, file: File) -> int:
    times = opened.lookup_or_create(file.f_inode)
    if times is not None:
        times.value += 1
    return 0


def test_a_file_has_a_value() -> None:
    active = Path("/sys/kernel/security/lsm")
    if not active.exists() or "bpf" not in active.read_text().split(","):
        pytest.skip("bpf is not among the kernel's security modules")
    path = Path(__file__)
    with osmia.load(on_open) as bpf, path.open("rb") as file:
        bpf[opened][file] = u64(5)
        with bpf[on_open].attach():
            path.read_bytes()
        assert bpf[opened][file] == 6


def test_what_the_compiler_refuses_as_owner() -> None:
    @btf_tracepoint("sys_enter")
    def wrong(ctx: BtfTracepointContext, registers: PtRegs) -> int:
        calls.lookup(registers)
        marks.delete(kernel_pointer(TaskStruct, u64(1)))
        connections.lookup(current_task(TaskStruct))
        return 0

    with pytest.raises(CompileError) as caught:
        osmia.load(wrong)
    messages = [each.message for each in caught.value.diagnostics]
    wanted = ("a KernelStruct of task_struct", "a typed pointer", "a KernelStruct of sock or sock_common")
    assert len(messages) == len(wanted)
    for message, expected in zip(messages, wanted, strict=True):
        assert f"expected `{expected}`" in message
