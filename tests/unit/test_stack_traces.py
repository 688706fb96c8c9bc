"""Stack traces in a simulation: tests give the contexts their stacks."""

from __future__ import annotations

from typing import cast

import pytest

import osmia
from osmia import Bpf, Frame, RawTracepointContext, RingBuf, StackTrace, i64, raw_tracepoint
from osmia.bpf.simulated import SimulatedTracing

stacks = StackTrace(max_entries=3, depth=4)
numbers = RingBuf(i64, byte_size=4096)


@raw_tracepoint("sched_switch")
def capture(ctx: RawTracepointContext) -> int:
    numbers.output(stacks.capture_kernel(ctx))
    numbers.output(stacks.capture_user(ctx))
    return 0


def run(bpf: Bpf, context: RawTracepointContext) -> None:
    cast("SimulatedTracing[RawTracepointContext]", bpf[capture]).run(context)


def test_a_stack_has_one_number() -> None:
    with osmia.simulate(capture) as bpf:
        for _ in range(2):
            run(bpf, RawTracepointContext(kernel_stack=(1, 2, 3, 4, 5), user_stack=()))
        first, none, again, _ = (int(number) for number in bpf[numbers].read(0))
        assert (first, none) == (again, -14)
        assert bpf[stacks][first] == tuple(Frame(address) for address in (1, 2, 3, 4))
        assert list(bpf[stacks]) == [first]
        del bpf[stacks][first]
        assert first not in bpf[stacks]
        assert len(bpf[stacks]) == 0
        for missing in (first, -14, 1 << 40):
            with pytest.raises(KeyError):
                bpf[stacks][missing]
            with pytest.raises(KeyError):
                del bpf[stacks][missing]


def test_another_stack_in_the_same_place_is_refused() -> None:
    with osmia.simulate(capture) as bpf:
        for address in range(64):
            run(bpf, RawTracepointContext(kernel_stack=(address + 1,)))
        kernel = [int(number) for number in bpf[numbers].read(0)][::2]
        assert sum(number >= 0 for number in kernel) == len(bpf[stacks]) <= stacks.places == 4
        assert {number for number in kernel if number < 0} == {-17}


def test_wrong_depths_are_refused() -> None:
    for depth in (0, 128):
        with pytest.raises(ValueError, match="depth must be 1 to 127"):
            StackTrace(max_entries=1, depth=depth)
    with pytest.raises(ValueError, match="max_entries"):
        StackTrace(max_entries=0)
