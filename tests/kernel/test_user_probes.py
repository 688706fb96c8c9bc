"""Programs at functions of user space, and at samples of what the processors do."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

import osmia
from osmia import (
    ArrayMap,
    HashMap,
    KprobeContext,
    MalformedError,
    NotSupportedError,
    PerfEventContext,
    PerfHardware,
    PerfSoftware,
    Registers,
    StackTrace,
    UsageError,
    perf_event,
    u32,
    u64,
    uprobe,
    uretprobe,
)
from osmia.helpers import get_attach_cookie
from osmia.loader.user_binary import find_binary, function_offset

X86_64 = platform.machine() == "x86_64"
seen = HashMap(u32, u64, max_entries=1024)
values = ArrayMap(u64, max_entries=4)
stacks = StackTrace(max_entries=1024)


@uprobe("libc.so.6", "labs")
def on_labs(ctx: KprobeContext) -> int:
    seen[ctx.pid] += 1
    values[0] = ctx.arg(0)
    return 0


if X86_64:

    def first_argument(registers: Registers) -> u64:
        return registers.di
else:

    def first_argument(registers: Registers) -> u64:
        return registers.x0


@uprobe("libc.so.6", "labs")
def read_registers(ctx: KprobeContext) -> int:
    values[0] = first_argument(ctx.regs)
    values[1] = ctx.regs.sp
    return 0


@uretprobe("libc.so.6", "labs")
def after_labs(ctx: KprobeContext) -> int:
    values[1] = ctx.return_value
    return 0


@uprobe("libc.so.6", "no_such_function")
def on_nothing(ctx: KprobeContext) -> int:
    return 0


@perf_event
def sample(ctx: PerfEventContext) -> int:
    seen[ctx.pid] += 1
    values[2] = ctx.sample_period
    if ctx.ip != 0:
        values[3] += 1
    stacks.capture_kernel(ctx)
    return 0


@uprobe("libc.so.6", "labs")
def tell_cookie(ctx: KprobeContext) -> int:
    seen[u32(ctx.pid)] += get_attach_cookie(ctx)
    return 0


def labs(number: int) -> int:
    function = ctypes.CDLL("libc.so.6").labs
    function.restype, function.argtypes = ctypes.c_long, [ctypes.c_long]
    result: int = function(number)
    return result


def test_registers_by_name() -> None:
    with osmia.load(read_registers) as bpf:
        with bpf[read_registers].attach(pid=os.getpid()):
            assert labs(-37) == 37
        assert bpf[values][0] == 2**64 - 37
        assert 0 < bpf[values][1] < 2**63


def test_simulated_registers() -> None:
    name = "di" if X86_64 else "x0"
    with osmia.simulate(read_registers) as bpf:
        read_registers(KprobeContext(regs=Registers(**{name: 7, "sp": 4096})))
        assert bpf[values][0] == 7
        assert bpf[values][1] == 4096
    with pytest.raises(TypeError, match="no register 'rdi'"):
        Registers(rdi=1)


def test_a_call_of_a_library_is_seen_with_argument_and_result() -> None:
    with osmia.load(on_labs, after_labs) as bpf:
        with bpf[on_labs].attach(pid=os.getpid()) as link, bpf[after_labs].attach():
            assert labs(-70_123) == 70_123
            assert link.program_id == bpf.program("on_labs").id
        assert labs(-5) == 5
        assert dict(bpf[seen]) == {os.getpid(): 1}
        assert bpf[values][0] == 2**64 - 70_123
        assert bpf[values][1] == 70_123


def test_another_process_is_seen_or_left_out() -> None:
    call = "import ctypes; ctypes.CDLL('libc.so.6').labs(3)"
    with osmia.load(on_labs) as bpf:
        with bpf[on_labs].attach(pid=os.getpid()):
            subprocess.run([sys.executable, "-S", "-c", call], check=True, timeout=60)
            assert dict(bpf[seen]) == {}
        with bpf[on_labs].attach():
            other = subprocess.Popen([sys.executable, "-S", "-c", call])
            assert other.wait(60) == 0
            assert bpf[seen][u32(other.pid)] == 1


def test_what_cannot_be_probed_is_named(tmp_path: Path) -> None:
    with osmia.load(on_nothing, on_labs) as bpf:
        with pytest.raises(UsageError, match="no function 'no_such_function'"):
            bpf[on_nothing].attach()
        with pytest.raises(UsageError, match="no library and no program"):
            bpf[on_labs].attach(binary="libnothing.so.9")
        with pytest.raises(UsageError, match="no process"):
            bpf[on_labs].attach(pid=2**22 + 1)
        text = tmp_path / "text"
        text.write_text("no program")
        with pytest.raises(MalformedError):
            bpf[on_labs].attach(binary=str(text))


def test_any_bytes_are_a_function_or_an_error(tmp_path: Path) -> None:
    library = find_binary("libc.so.6")
    whole = library.read_bytes()
    assert function_offset(library, "labs") > 0
    broken = tmp_path / "broken.so"
    for length in (0, 5, 63, 64, 1000, len(whole) // 2, len(whole) - 1):
        broken.write_bytes(whole[:length])
        with pytest.raises((MalformedError, UsageError)):
            function_offset(broken, "labs")
    for place in range(24, 64):
        broken.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        try:
            assert function_offset(broken, "labs") >= 0
        except (MalformedError, UsageError):
            continue


def test_samples_come_for_a_process_and_for_all() -> None:
    with osmia.load(sample) as bpf:
        event = PerfSoftware.TASK_CLOCK
        with bpf[sample].attach(event, period=100_000, pid=os.getpid()):
            while len(bpf[seen]) == 0:
                sum(range(10_000))
        assert set(bpf[seen]) == {u32(os.getpid())}
        assert bpf[values][2] >= 100_000
        assert bpf[values][3] >= 1
        with bpf[sample].attach(frequency=999) as link:
            before = bpf[seen][u32(os.getpid())]
            while bpf[seen][u32(os.getpid())] == before:
                sum(range(10_000))
            assert link.program_id == bpf.program("sample").id
        after = sum(bpf[seen].values())
        sum(range(100_000))
        assert sum(bpf[seen].values()) == after


def test_samples_that_cannot_be_are_named() -> None:
    with osmia.load(sample) as bpf:
        with pytest.raises(UsageError, match="exclude each other"):
            bpf[sample].attach(frequency=1, period=1)
        with pytest.raises(UsageError, match="0 is no number"):
            bpf[sample].attach(period=0)
        with pytest.raises(UsageError, match="no process"):
            bpf[sample].attach(pid=2**22 + 1)
        if not Path("/sys/bus/event_source/devices/cpu").exists():
            with pytest.raises(NotSupportedError, match="CPU_CYCLES"):
                bpf[sample].attach(PerfHardware.CPU_CYCLES, period=1_000_000)


def test_probes_run_as_plain_python() -> None:
    with osmia.simulate(on_labs, sample) as bpf:
        assert on_labs(KprobeContext((2**64 - 1,), pid=7)) == 0
        assert sample(PerfEventContext(ip=4096, sample_period=9, pid=7)) == 0
        assert dict(bpf[seen]) == {7: 2}
        assert [bpf[values][index] for index in range(4)] == [2**64 - 1, 0, 9, 1]


def test_an_attachment_is_told_by_its_cookie() -> None:
    me = os.getpid()
    with osmia.load(tell_cookie) as bpf:
        with bpf[tell_cookie].attach(pid=me, cookie=1 << 40), bpf[tell_cookie].attach(pid=me, cookie=7):
            labs(-1)
        assert bpf[seen][u32(me)] == (1 << 40) + 7
        with bpf[tell_cookie].attach(pid=me):
            labs(-1)
        assert bpf[seen][u32(me)] == (1 << 40) + 7
        with pytest.raises(UsageError, match="64 bits"):
            bpf[tell_cookie].attach(cookie=-1)
