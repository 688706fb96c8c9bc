"""Show each file that is opened, by whom, and whether it could be.

Needs root and tracefs. Linux 5.10.
"""

import os
from contextlib import suppress
from typing import Literal

import osmia
from osmia import (
    CharArray,
    Comm,
    Constant,
    HashMap,
    RingBuf,
    TracepointContext,
    TracepointField,
    i32,
    i64,
    struct,
    tracepoint,
    u32,
    u64,
)
from osmia.helpers import probe_read_user_str


class OpenatEnter(TracepointContext):
    """The record of syscalls/sys_enter_openat."""

    filename = TracepointField(u64, 24)
    flags = TracepointField(u64, 32)


class OpenatExit(TracepointContext):
    """The record of syscalls/sys_exit_openat."""

    ret = TracepointField(i64, 16)


@struct
class Opening:
    """What a thread has asked for."""

    filename: u64
    flags: u32


@struct
class Opened:
    """A file that was opened, or not."""

    pid: u32
    comm: Comm
    result: i32
    """a file descriptor, or the negative error as in errno(3)"""
    flags: u32
    path: CharArray[Literal[256]]


openings = HashMap(u32, Opening, max_entries=16384)
opened = RingBuf(Opened, byte_size=1 << 20)
own_pid = Constant(u32(0))
"""This program itself."""


@tracepoint("syscalls", "sys_enter_openat")
def open_begins(ctx: OpenatEnter) -> int:
    if ctx.pid != own_pid.value:
        openings[ctx.tid] = Opening(filename=ctx.filename, flags=u32(ctx.flags))
    return 0


@tracepoint("syscalls", "sys_exit_openat")
def open_ends(ctx: OpenatExit) -> int:
    opening = openings.lookup(ctx.tid)
    if opening is None:
        return 0
    event = opened.reserve()
    if event is not None:
        event.pid = ctx.pid
        event.comm = ctx.comm
        event.result = i32(ctx.ret)
        event.flags = opening.flags
        # Here, not at the entry: the kernel has read the path by now, so its page is there.
        event.path = probe_read_user_str(CharArray[Literal[256]], opening.filename)
        opened.submit(event)
    del openings[ctx.tid]
    return 0


def main() -> None:
    with osmia.load(open_begins, open_ends, constants={own_pid: u32(os.getpid())}) as bpf:
        bpf[open_begins].attach()
        bpf[open_ends].attach()
        print(f"{'PID':>7} {'COMMAND':16} {'RESULT':24} PATH")
        for event in bpf[opened]:
            result = int(event.result)
            text = os.strerror(-result) if result < 0 else f"descriptor {result}"
            print(f"{event.pid:>7} {event.comm!s:16} {text:24} {event.path}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
