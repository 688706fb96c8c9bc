"""Structs of the kernel as plain Python: made by tests, zeros behind null pointers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, cast

import pytest

import osmia
from osmia import (
    Array,
    BitField,
    BtfTracepointContext,
    Comm,
    FieldName,
    HashMap,
    KernelAddress,
    KernelPointer,
    KernelStruct,
    KprobeContext,
    TracingProgram,
    btf_tracepoint,
    field_exists,
    field_offset,
    field_size,
    i32,
    kernel_address,
    kernel_pointer,
    kprobe,
    type_exists,
    type_size,
    u8,
    u32,
    u64,
)
from osmia.bpf.simulated import SimulatedTracing
from osmia.lang import KernelArguments
from tests.builders.kernel_modules import import_file

kernel_structs: Any = import_file(Path(__file__).parent / "compiler" / "ir" / "kernel_structs.py")


class Credentials(KernelStruct, name="cred"):
    uid: u32


class Task(KernelStruct, name="task_struct"):
    pid: i32
    comm: Comm
    parent: KernelPointer[Task]
    credentials: Annotated[KernelPointer[Credentials], FieldName("cred")]
    inside: Credentials
    stack: KernelAddress
    flag: Annotated[u32, BitField(3)]
    bytes_of: Array[u8, Literal[3]]
    running: bool


class Words(KernelStruct, name="words", union=True):
    whole: u64
    half: u32


def test_what_is_not_given_is_zero() -> None:
    task = Task(pid=i32(7), comm=Comm.from_bytes(b"init".ljust(16, b"\0")))
    assert (task.pid, str(task.comm), task.stack, task.flag) == (i32(7), "init", u64(0), u32(0))
    assert bytes(task.bytes_of) == bytes(3)
    assert task.running is False
    assert task.inside.uid == u32(0)
    task.inside.uid = u32(5)
    assert task.inside.uid == u32(5)


def test_a_chain_over_a_null_pointer_gives_zeros() -> None:
    task = Task(pid=i32(7))
    assert task.parent.parent.pid == i32(0)
    assert not task.parent
    assert task
    assert kernel_address(task.parent) == u64(0)
    task.parent = Task(pid=i32(1), credentials=Credentials(uid=u32(3)))
    assert task.parent.credentials.uid == u32(3)


def test_addresses_lead_back() -> None:
    task = Task(pid=i32(7))
    assert kernel_pointer(Task, kernel_address(task)) is task
    assert not kernel_pointer(Credentials, kernel_address(task))
    assert not kernel_pointer(Task, u64(12))


def test_questions() -> None:
    assert field_exists(Task.pid)
    assert type_exists(Task)
    assert (field_offset(Task.comm), field_size(Task.comm)) == (u32(4), u32(16))
    assert (field_offset(Words.half), type_size(Words)) == (u32(0), u32(8))
    with pytest.raises(TypeError, match="name a field of a class"):
        field_exists(Task(pid=i32(1)).pid)


def test_wrong_values_are_refused() -> None:
    with pytest.raises(TypeError, match="no field 'nothing'"):
        Task(nothing=1)
    with pytest.raises(TypeError, match="expected Task"):
        Task(parent=Credentials())


def test_wrong_types_are_refused() -> None:
    class Wrong(KernelStruct, name="wrong"):
        number: float

    with pytest.raises(TypeError, match="no type of a kernel struct's field"):
        Wrong.kernel_fields()
    with pytest.raises(TypeError, match="cannot inherit"):
        type("Derived", (Task,), {})


pids = HashMap(u32, i32, max_entries=4)


@btf_tracepoint("sched_process_exit")
def exited(ctx: BtfTracepointContext, task: Task, group_dead: u32) -> int:
    pids[group_dead] = task.parent.pid
    return 0


@kprobe("wake_up_new_task")
def woken(ctx: KprobeContext) -> int:
    pids[u32(0)] = kernel_pointer(Task, ctx.arg(0)).pid
    return 0


def run(bpf: osmia.Bpf, program: TracingProgram[Any], context: KernelArguments | KprobeContext) -> None:
    handle = cast("SimulatedTracing[Any]", bpf[program])
    assert handle.run(context) == 0


def test_programs_with_arguments_run_as_plain_python() -> None:
    task = Task(parent=Task(pid=i32(9)))
    with osmia.simulate(exited, woken) as bpf:
        run(bpf, exited, BtfTracepointContext(task, 1))
        run(bpf, woken, KprobeContext((int(kernel_address(task.parent)),)))
        assert dict(bpf[pids].items()) == {u32(1): i32(9), u32(0): i32(9)}


def test_the_golden_programs_run_as_plain_python() -> None:
    found = cast("HashMap[u64, u32]", kernel_structs.found)
    task = kernel_structs.Task(parent=kernel_structs.Task(pid=i32(3)), sched_reset_on_fork=u32(1))
    with osmia.simulate(kernel_structs.direct, kernel_structs.probed) as bpf:
        run(bpf, kernel_structs.direct, BtfTracepointContext(task, True))
        run(bpf, kernel_structs.probed, KprobeContext((int(kernel_address(task)),)))
        values = dict(bpf[found].items())
    assert values == {kernel_address(task): u32(3), u64(0): u32(1), u64(1): u32(3)}
