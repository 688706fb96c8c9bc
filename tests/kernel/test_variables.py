"""Global variables and configuration constants: shared by programs and user space."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, SupportsInt

import pytest

import osmia
from osmia import (
    Array,
    Bpf,
    Constant,
    Global,
    UsageError,
    XdpAction,
    XdpContext,
    be16,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from tests.builders.clang import compile_c

FRAME = bytes(range(64))
OPEN = [pytest.param(osmia.simulate, id="simulation"), pytest.param(osmia.load, id="kernel")]
Open = Callable[..., Bpf]


@struct
class Totals:
    packets: u64
    port: be16
    sizes: Array[u32, Literal[3]]


LIMIT = Constant(u32(5))
STRICT = Constant(True)
packets = Global(u64(0))
narrow = Global(u16(65_535))
enabled = Global(True)
totals = Global(Totals(packets=u64(7), port=be16(80), sizes=Array[u32, Literal[3]](u32(1), u32(2), u32(3))))
seen = Global(Array[u8, Literal[16]]())
unused = Global(u32(1))


def numbers(*values: SupportsInt) -> tuple[int, ...]:
    return tuple(map(int, values))


def count(length: u32) -> None:
    packets.value += 1
    totals.value.packets -= 2
    totals.value.sizes[1] += length


@xdp
def counting(ctx: XdpContext) -> XdpAction:
    if not enabled.value:
        return XdpAction.ABORTED
    count(ctx.length)
    narrow.value += u16(2)
    seen.value[ctx.length & 15] = u8(9)
    if totals.value.port == 80:
        totals.value.port = be16(443)
    if STRICT.value and packets.value > 3 and LIMIT.value > 4:
        enabled.value = False
    return XdpAction.PASS


@xdp
def resetting(ctx: XdpContext) -> XdpAction:
    totals.value = Totals(
        packets=packets.value, port=be16(22), sizes=Array[u32, Literal[3]](LIMIT.value, u32(0), u32(0))
    )
    packets.value = u64(0)
    return XdpAction.PASS


@pytest.mark.parametrize("opened", OPEN)
def test_programs_and_user_space_share_variables(opened: Open) -> None:
    with opened(counting, resetting, constants={LIMIT: u32(9)}) as bpf:
        assert numbers(bpf[packets].value, bpf[narrow].value, bpf[enabled].value) == (0, 65_535, True)
        assert bpf[totals].value == Totals(
            packets=u64(7), port=be16(80), sizes=Array[u32, Literal[3]](u32(1), u32(2), u32(3))
        )
        bpf[counting].run(FRAME, repeat=2)
        assert numbers(bpf[packets].value, bpf[narrow].value) == (2, 3)
        changed = bpf[totals].value
        assert numbers(changed.packets, changed.port, *changed.sizes) == (3, 443, 1, 130, 3)
        assert [int(each) for each in bpf[seen].value] == [9] + [0] * 15
        assert bpf[counting].run(FRAME, repeat=3).action == XdpAction.ABORTED
        assert numbers(bpf[packets].value, bpf[enabled].value) == (4, False)
        assert numbers(bpf[LIMIT].value, bpf[STRICT].value) == (9, True)
        bpf[resetting].run(FRAME)
        assert numbers(bpf[totals].value.packets, bpf[totals].value.sizes[0], bpf[packets].value) == (4, 9, 0)
        assert changed.packets == 3


@pytest.mark.parametrize("opened", OPEN)
def test_user_space_sets_variables(opened: Open) -> None:
    with opened(counting) as bpf:
        bpf[packets].value = u64(1 << 40)
        bpf[enabled].value = True
        given = bpf[totals].value
        given.packets = u64(100)
        assert bpf[totals].value.packets == 7
        bpf[totals].value = given
        assert bpf[counting].run(FRAME).action == XdpAction.PASS
        assert numbers(bpf[packets].value, bpf[totals].value.packets) == ((1 << 40) + 1, 98)
        bpf[enabled].value = False
        assert bpf[counting].run(FRAME).action == XdpAction.ABORTED
        with pytest.raises(UsageError, match="used by none of the programs"):
            bpf[unused]


def test_a_simulation_starts_anew() -> None:
    for _ in range(2):
        with osmia.simulate(counting) as bpf:
            packets.value += 5
            bpf[counting].run(FRAME)
            assert numbers(bpf[packets].value, packets.value) == (6, 6)


def test_a_constant_is_not_set_while_the_program_runs() -> None:
    with osmia.load(counting, resetting) as bpf, pytest.raises(UsageError, match="constants="):
        bpf.variable("LIMIT", u32).value = u32(1)


def test_a_width_is_given() -> None:
    with pytest.raises(TypeError, match="has a width"):
        Global(1)


C_SOURCE = """
__u64 packets;
static volatile __u32 sizes[2] = {1, 2};
const volatile __u16 step = 3;

SEC("xdp") int count(struct xdp_md *ctx)
{
    __sync_fetch_and_add(&packets, step);
    sizes[1] += 1;
    return XDP_PASS;
}
"""


@pytest.mark.requires_tool("clang")
def test_variables_of_a_c_object(tmp_path: Path) -> None:
    path = tmp_path / "count.o"
    path.write_bytes(compile_c(C_SOURCE))
    with osmia.load(path) as bpf:
        bpf.program("count").run(FRAME, repeat=5)
        counter = bpf.variable("packets", u64)
        assert counter.value == 15
        counter.value = u64(1)
        bpf.program("count").run(FRAME)
        assert counter.value == 4
        assert [int(each) for each in bpf.variable("sizes", Array[u32, Literal[2]]).value] == [1, 8]
        assert bpf.variable("step", u16).value == 3
        with pytest.raises(UsageError, match="has 8 bytes, not 4"):
            bpf.variable("packets", u32)
        with pytest.raises(UsageError, match="the object has: "):
            bpf.variable("absent", u32)
