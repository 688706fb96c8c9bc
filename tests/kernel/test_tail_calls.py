"""Tail calls through program arrays: in the kernel and as plain Python, with the same result."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import osmia
from osmia import (
    ArrayMap,
    Bpf,
    ProgramArray,
    TcAction,
    TcContext,
    UsageError,
    XdpAction,
    XdpContext,
    classifier,
    u32,
    u64,
    xdp,
)

FRAME = bytes(64)
runs = ArrayMap(u64, max_entries=1)


@xdp
def dropping(ctx: XdpContext) -> XdpAction:
    runs[u32(0)] += 10
    return XdpAction.DROP


@xdp
def sending_back(ctx: XdpContext) -> XdpAction:
    runs[u32(0)] += 100
    return XdpAction.TX


steps = ProgramArray(XdpContext, {0: dropping, 2: sending_back})


def hand_over(ctx: XdpContext, index: u32) -> None:
    steps.tail_call(ctx, index)


@xdp
def choosing(ctx: XdpContext) -> XdpAction:
    runs[u32(0)] += 1
    hand_over(ctx, ctx.length - 64)
    return XdpAction.PASS


own = ProgramArray(XdpContext, max_entries=1)


@xdp
def calling_itself(ctx: XdpContext) -> XdpAction:
    runs[u32(0)] += 1
    own.tail_call(ctx, 0)
    return XdpAction.PASS


both = pytest.mark.parametrize("open_bpf", [osmia.simulate, osmia.load], ids=["simulated", "kernel"])
Open = Callable[..., Bpf]


@both
def test_the_program_at_the_index_goes_on(open_bpf: Open) -> None:
    with open_bpf(choosing) as bpf:
        actions = [bpf[choosing].run(bytes(64 + index)).action for index in range(5)]
        assert actions == [XdpAction.DROP, XdpAction.PASS, XdpAction.TX, XdpAction.PASS, XdpAction.PASS]
        assert bpf[runs][0] == 5 + 10 + 100


@both
def test_user_space_changes_the_programs(open_bpf: Open) -> None:
    with open_bpf(choosing) as bpf:
        table = bpf[steps]
        assert dict(table) == {0: dropping, 2: sending_back}
        table[1] = sending_back
        del table[0]
        actions = [bpf[choosing].run(bytes(64 + index)).action for index in range(3)]
        assert actions == [XdpAction.PASS, XdpAction.TX, XdpAction.TX]
        assert list(table) == [1, 2]
        with pytest.raises(KeyError):
            table[3] = dropping
        with pytest.raises(KeyError):
            table[0]
        with pytest.raises(UsageError, match="is not loaded here"):
            table[0] = calling_itself


@both
def test_there_are_at_most_33_in_a_row(open_bpf: Open) -> None:
    with open_bpf(calling_itself) as bpf:
        bpf[own][0] = calling_itself
        assert bpf[calling_itself].run(FRAME).action is XdpAction.PASS
        assert bpf[runs][0] == 1 + 33


@classifier
def of_another_type(ctx: TcContext) -> TcAction:
    return TcAction.OK


def test_programs_of_another_type_are_refused() -> None:
    with pytest.raises(TypeError, match="of_another_type has a TcContext, not a XdpContext"):
        ProgramArray(XdpContext, {0: of_another_type})  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="0 to 1"):
        ProgramArray(XdpContext, {2: dropping}, max_entries=2)


CLANG_SOURCE = """
#define SEC(name) __attribute__((section(name), used))
struct xdp_md { unsigned data, data_end; };
static long (*bpf_tail_call)(void *, void *, unsigned) = (void *)12;
static __attribute__((noinline)) int twice(int number) { return number * 2; }
__attribute__((noinline)) int plus_one(int number) { return twice(number) + 1; }
SEC("xdp") int last(struct xdp_md *ctx) { return plus_one(ctx->data_end - ctx->data > 20); }
struct {
    int (*type)[3]; int (*max_entries)[4]; unsigned *key; void *values[];
} jumps SEC(".maps") = { .values = { [3] = (void *)&last } };
SEC("xdp") int first(struct xdp_md *ctx) { bpf_tail_call(ctx, &jumps, 3); return 0; }
char _license[] SEC("license") = "GPL";
"""


@pytest.mark.requires_tool("clang")
def test_clangs_program_arrays_and_subprograms(tmp_path: Path) -> None:
    source, target = tmp_path / "jumps.c", tmp_path / "jumps.o"
    source.write_text(CLANG_SOURCE)
    clang = shutil.which("clang")
    assert clang is not None
    subprocess.run([clang, "-target", "bpf", "-O2", "-g", "-c", source, "-o", target], check=True)
    with osmia.load(target) as bpf:
        assert bpf.object.spec.maps["jumps"].programs == {3: "last"}
        assert bpf.program("first").run(FRAME).value == 3
