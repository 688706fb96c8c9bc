"""kfuncs: declared by name and types, found in the kernel's BTF, in our objects and in clang's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Literal

import pytest

import osmia
from osmia import CharArray, HashMap, XdpAction, XdpContext, i32, i64, kfunc, kfunc_exists, u32, u64, xdp
from osmia.compiler.compile import compile_programs
from osmia.errors import NotSupportedError
from osmia.helpers import xdp_load_bytes
from osmia.loader import read_object
from osmia.loader.kernel_functions import find_kernel_functions
from osmia.loader.kernel_types import KernelTypes
from osmia.packets import ethernet, ipv4, udp
from osmia.sys import RUNNING_KERNEL
from tests.builders.clang import compile_c

answers = HashMap(u32, i64, max_entries=8)
Text = CharArray[Literal[8]]


@kfunc
def bpf_strlen(text: CharArray[Literal[8]]) -> i32:
    return i32(len(bytes(text).split(b"\0", 1)[0]))


@kfunc
def bpf_preempt_disable() -> None:
    pass


@kfunc
def bpf_preempt_enable() -> None:
    pass


@kfunc
def bpf_has_no_such_function(small: u32, large: u64) -> u64:
    raise NotImplementedError


@xdp
def asks_first(ctx: XdpContext) -> XdpAction:
    text = CharArray[Literal[8]]()
    xdp_load_bytes(ctx, 42, text)
    if kfunc_exists(bpf_strlen):
        answers[u32(0)] = i64(bpf_strlen(text))
    if kfunc_exists(bpf_has_no_such_function):
        answers[u32(1)] = i64(bpf_has_no_such_function(u32(1), u64(2)))
    if kfunc_exists(bpf_preempt_disable) and kfunc_exists(bpf_preempt_enable):
        bpf_preempt_disable()
        answers[u32(2)] = i64(2)
        bpf_preempt_enable()
    return XdpAction.PASS


@xdp
def calls_blindly(ctx: XdpContext) -> XdpAction:
    bpf_has_no_such_function(u32(1), u64(2))
    return XdpAction.PASS


PACKET = bytes(ethernet() / ipv4() / udp(dport=9) / b"bees\0and more")


def has(name: str) -> bool:
    spec = read_object(compile_programs((asks_first,)))
    return find_kernel_functions(spec.programs["asks_first"], KernelTypes(RUNNING_KERNEL))[name] is not None


def test_the_kernel_and_the_simulation_agree() -> None:
    if not has("bpf_strlen") or not has("bpf_preempt_disable"):
        pytest.skip("bpf_strlen needs Linux 6.17")
    seen: list[dict[int, int]] = []
    for opened in (osmia.load, osmia.simulate):
        with opened(asks_first) as bpf:
            assert bpf[asks_first].run(PACKET).action == XdpAction.PASS
            seen.append({int(key): int(value) for key, value in bpf[answers].items()})
    assert seen == [{0: 4, 2: 2}] * 2


def test_one_that_is_missing_is_named() -> None:
    with pytest.raises(NotSupportedError, match=r"bpf_has_no_such_function.*calls_blindly"):
        osmia.load(calls_blindly)


def test_one_without_a_body_is_no_part_of_a_simulation() -> None:
    with (
        osmia.simulate(calls_blindly) as bpf,
        pytest.raises(NotSupportedError, match="bpf_has_no_such_function"),
    ):
        bpf[calls_blindly].run(PACKET)


C_SOURCE = """
#include <linux/bpf.h>
extern int bpf_strlen(const char *text) __attribute__((section(".ksyms")));
extern int bpf_has_no_such_function(int) __attribute__((section(".ksyms"), weak));
SEC("xdp") int measure(struct xdp_md *ctx)
{
    char text[8] = "honey";
    int length = bpf_strlen(text);
    if (bpf_has_no_such_function)
        length += bpf_has_no_such_function(1);
    return length;
}
"""


@pytest.mark.requires_tool("clang")
def test_an_object_of_clang(tmp_path: Path) -> None:
    if not has("bpf_strlen"):
        pytest.skip("bpf_strlen needs Linux 6.17")
    path = tmp_path / "kfunc.o"
    path.write_bytes(compile_c(C_SOURCE))
    with osmia.load(path) as bpf:
        assert bpf.program("measure").run(PACKET).value == len("honey")


@pytest.mark.requires_tool("bpftool")
def test_libbpf_finds_them_as_well(tmp_path: Path) -> None:
    if not has("bpf_strlen"):
        pytest.skip("bpf_strlen needs Linux 6.17")
    path, pin = tmp_path / "ours.o", Path("/sys/fs/bpf/osmia_test_kfuncs")
    path.write_bytes(compile_programs((asks_first,)))
    if "bpf" not in RUNNING_KERNEL.mounts():
        pytest.skip("bpffs is not mounted")
    tool = shutil.which("bpftool")
    assert tool is not None
    try:
        done = subprocess.run([tool, "prog", "load", str(path), str(pin)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    finally:
        pin.unlink(missing_ok=True)
