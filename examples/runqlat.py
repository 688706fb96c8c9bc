"""Show how long tasks wait for a processor, from when they could run until they do.

`runqlat.py [PID]` looks at one process, or at all. Needs root. Linux 5.10, with BTF.
"""

import sys
import time
from contextlib import suppress
from typing import Annotated

import osmia
from osmia import (
    BtfTracepointContext,
    Constant,
    FieldName,
    HashMap,
    KernelStruct,
    Log2Histogram,
    btf_tracepoint,
    field_exists,
    i32,
    i64,
    kernel_address,
    kernel_pointer,
    ktime_get_ns,
    u32,
    u64,
)

TASK_RUNNING = 0


class Task(KernelStruct, name="task_struct"):
    """A thread."""

    pid: i32
    tgid: i32
    state: Annotated[u32, FieldName("__state")]


class TaskBefore514(KernelStruct, name="task_struct___before_5_14"):
    """The same in kernels before 5.14."""

    state: i64


waiting_since = HashMap(i32, u64, max_entries=65536)
waits = Log2Histogram(u64)
"""ns"""
wanted_process = Constant(i32(0))
"""0: all of them"""


def can_run(task: Task) -> bool:
    if field_exists(Task.state):
        return task.state == TASK_RUNNING
    return kernel_pointer(TaskBefore514, kernel_address(task)).state == TASK_RUNNING


def waits_from_now(task: Task) -> None:
    if task.pid != 0 and wanted_process.value in (0, task.tgid):
        waiting_since[task.pid] = ktime_get_ns()


@btf_tracepoint("sched_wakeup")
def woken(ctx: BtfTracepointContext, task: Task) -> int:
    waits_from_now(task)
    return 0


@btf_tracepoint("sched_wakeup_new")
def started(ctx: BtfTracepointContext, task: Task) -> int:
    waits_from_now(task)
    return 0


@btf_tracepoint("sched_switch")
def switched(ctx: BtfTracepointContext, preempted: bool, previous: Task, following: Task) -> int:
    if can_run(previous):
        waits_from_now(previous)
    since = waiting_since.lookup(following.pid)
    if since is not None:
        waits.record(ktime_get_ns() - since.value)
        del waiting_since[following.pid]
    return 0


PROGRAMS = (woken, started, switched)


def main(process: str = "0") -> None:
    with osmia.load(*PROGRAMS, constants={wanted_process: i32(int(process))}) as bpf:
        for program in PROGRAMS:
            bpf[program].attach()
        with suppress(KeyboardInterrupt):
            print("Waiting times in ns; Ctrl-C ends.")
            while True:
                time.sleep(1)
        print(bpf[waits].text("ns"))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
