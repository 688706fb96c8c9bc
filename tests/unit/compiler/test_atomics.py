"""Which instructions atomic operations become: what is not used costs no newer kernel."""

from __future__ import annotations

from osmia import Atomic, Global, XdpAction, XdpContext, u64, xdp
from osmia.compiler.compile import compile_programs
from osmia.loader import read_object

ATOMIC_64, FETCH = 0xDB, 0x01
"""Store, 64 bits, atomic; and the bit of its immediate that asks for the value before."""

counter = Global(Atomic(u64(0)))


@xdp
def adding(ctx: XdpContext) -> XdpAction:
    counter.value.add(1)
    counter.value.value += 1
    return XdpAction.PASS


@xdp
def fetching(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS if counter.value.add(1) == 3 else XdpAction.DROP


def atomic_operations(code: bytes) -> list[int]:
    starts = (start for start in range(0, len(code), 8) if code[start] == ATOMIC_64)
    return [int.from_bytes(code[start + 4 : start + 8], "little") for start in starts]


def test_only_a_result_that_is_used_is_fetched() -> None:
    programs = read_object(compile_programs((adding, fetching))).programs
    assert atomic_operations(programs["adding"].entry.instructions) in ([0, 0], [0])
    assert atomic_operations(programs["fetching"].entry.instructions) == [FETCH]
