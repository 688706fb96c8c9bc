"""The program as plain Python: no root, no kernel."""

import struct

import osmia
from osmia import u32
from osmia.templates.tracepoint import SysEnter, calls, own_pid, system_call

OPENAT = 257


def record(number: int) -> bytes:
    """The record of raw_syscalls/sys_enter: common fields, the number, six arguments."""
    return bytes(8) + struct.pack("=q6Q", number, *range(6))


def test_a_system_call_is_an_event() -> None:
    with osmia.simulate(system_call) as bpf:
        assert system_call(SysEnter(record(OPENAT), pid=7, comm="sh")) == 0
        (event,) = bpf[calls].read(timeout=0)
    assert (int(event.pid), int(event.number), str(event.comm)) == (7, OPENAT, "sh")


def test_its_own_calls_are_left_out() -> None:
    with osmia.simulate(system_call, constants={own_pid: u32(7)}) as bpf:
        assert system_call(SysEnter(record(OPENAT), pid=7, comm="sh")) == 0
        assert not bpf[calls].read(timeout=0)
