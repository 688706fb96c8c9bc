"""Stacks of the kernel and of a program whose functions are known, with their symbols."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import osmia
from osmia import (
    Constant,
    Frame,
    LoadedBpf,
    RawTracepointContext,
    RingBuf,
    StackTrace,
    i64,
    raw_tracepoint,
    struct,
    u32,
)
from osmia.symbols import KernelSymbols

MARK = 0x1234567
PROGRAM = """
#include <sys/syscall.h>
#include <unistd.h>
__attribute__((noinline)) long innermost(void) {{ return syscall(SYS_close, {mark}) + 1; }}
__attribute__((noinline)) long middle(void) {{ return innermost() + 1; }}
__attribute__((noinline)) long outermost(void) {{ return middle() + 1; }}
int main(void)
{{
    char byte;
    read(0, &byte, 1); outermost(); write(1, "x", 1);
    return read(0, &byte, 1) < 0;
}}
"""


@struct
class Captured:
    kernel: i64
    user: i64


stacks = StackTrace(max_entries=4096)
captured = RingBuf(Captured, byte_size=4096)
traced_pid = Constant(u32(0))


@raw_tracepoint("sys_enter")
def capture(ctx: RawTracepointContext) -> int:
    if ctx.pid == traced_pid.value:
        captured.output(Captured(kernel=stacks.capture_kernel(ctx), user=stacks.capture_user(ctx)))
    return 0


@pytest.fixture
def loaded() -> Iterator[LoadedBpf]:
    with osmia.load(capture, constants={traced_pid: u32(os.getpid())}) as bpf:
        yield bpf


def names(frames: tuple[Frame, ...]) -> list[str]:
    return [frame.symbol for frame in frames]


def test_kernel_stack_names_the_way_into_the_kernel(loaded: LoadedBpf) -> None:
    with loaded[capture].attach():
        os.getppid()
    events = loaded[captured].read(5)
    assert events
    frames = loaded[stacks][events[0].kernel]
    assert loaded[stacks].kernel_symbols.why_hidden == ""
    assert any(name.startswith(("do_syscall_64", "el0_svc")) for name in names(frames))
    assert all(frame.address >= 1 << 63 for frame in frames)
    # This very program stands on top, or the tracepoint that called it.
    assert any("bpf" in name for name in names(frames[:3]))


def test_a_number_that_was_given_up_is_gone(loaded: LoadedBpf) -> None:
    with loaded[capture].attach():
        os.getppid()
    number = loaded[captured].read(5)[0].kernel
    handle = loaded[stacks]
    assert number in handle
    assert int(number) in list(handle)
    del handle[number]
    assert number not in handle
    with pytest.raises(KeyError):
        handle[number]


@pytest.mark.requires_tool("gcc")
def test_user_stack_names_the_functions_of_a_program(tmp_path: Path) -> None:
    program = tmp_path / "program"
    (tmp_path / "program.c").write_text(PROGRAM.format(mark=MARK))
    flags = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-static"]
    subprocess.run(["gcc", *flags, "-o", program, tmp_path / "program.c"], check=True)
    with (
        subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
        osmia.load(capture, constants={traced_pid: u32(process.pid)}) as bpf,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        with bpf[capture].attach():
            process.stdin.write(b"1")
            process.stdin.flush()
            process.stdout.read(1)
        found = {
            tuple(name for name in names(bpf[stacks].of_process(number, process.pid)) if name)
            for number in bpf[stacks]
        }
        process.communicate(b"2")
    chains = [chain for chain in found if "innermost" in chain or "middle" in chain]
    assert chains
    # libc's syscall() keeps no frame of its own, so its caller may be missing.
    assert all(chain.index("outermost") == chain.index("middle") + 1 for chain in chains)
    assert all("main" in chain for chain in chains)


def test_the_address_of_an_exported_function_is_resolved() -> None:
    with Path("/proc/kallsyms").open() as file:
        line = next(line for line in file if line.split()[2] == "vfs_read")
    address = int(line.split()[0], 16)
    assert KernelSymbols().resolve(address + 4) == Frame(address + 4, "vfs_read", 4)
