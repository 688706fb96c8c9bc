"""Objects of clang's in the running kernel: loaded, run, read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from osmia.errors import KernelError, UsageError, VerifierError
from osmia.loader import (
    ArrayHandle,
    HashMapHandle,
    IntegerCodec,
    LoadedObject,
    PerCpuArrayHandle,
    PerCpuHashMapHandle,
    PrefixCodec,
    load_object,
    read_object,
)
from osmia.loader.disassembler import disassemble
from osmia.loader.features import Answer, Features
from osmia.sys import RUNNING_KERNEL
from osmia.uapi import XdpAction
from tests.builders.clang import compile_c

pytestmark = pytest.mark.requires_tool("clang")
U32, U64 = IntegerCodec(4), IntegerCodec(8)
FRAME = bytes(12) + b"\x08\x00" + bytes(50)

COUNTER = """
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64);
         __type(key, __u32); __type(value, __u64); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 8);
         __type(key, __u32); __type(value, __u32); } per_cpu SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 4);
         __type(key, __u32); __type(value, __u64); } totals SEC(".maps");
volatile const __u32 step = 1;
__u64 calls = 40;
__u32 last[2];

static __attribute__((noinline)) int verdict(struct xdp_md *ctx, __u32 wanted)
{
    return ctx->data_end - ctx->data >= wanted ? XDP_PASS : XDP_DROP;
}

SEC("xdp") int counter(struct xdp_md *ctx)
{
    __u32 key = 3, zero = 0;
    __u64 one = step, *value = bpf_map_lookup_elem(&counts, &key);
    __u32 first = 1, *mine = bpf_map_lookup_elem(&per_cpu, &key);
    __u64 *total = bpf_map_lookup_elem(&totals, &zero);
    calls++;
    last[1] = ctx->data_end - ctx->data;
    if (total)
        *total += 1;
    if (mine)
        *mine += 1;
    else
        bpf_map_update_elem(&per_cpu, &key, &first, BPF_ANY);
    if (value)
        __sync_fetch_and_add(value, step);
    else
        bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
    return verdict(ctx, 60);
}
"""


@pytest.fixture
def open_descriptors() -> Iterator[None]:
    """Fail where the test leaves a descriptor open."""
    before = {path.name for path in Path("/proc/self/fd").iterdir()}
    yield
    assert {path.name for path in Path("/proc/self/fd").iterdir()} <= before


@pytest.fixture
def loaded(open_descriptors: None) -> Iterator[LoadedObject]:
    with load_object(read_object(compile_c(COUNTER))) as loaded:
        yield loaded


def test_program_runs_and_maps_are_read(loaded: LoadedObject) -> None:
    program = loaded.programs["counter"]
    result = program.run(FRAME, repeat=5)
    assert result.value == XdpAction.PASS
    assert result.data == FRAME
    assert program.run(FRAME[:40]).value == XdpAction.DROP
    assert dict(HashMapHandle(loaded.maps["counts"], U32, U64)) == {3: 6}
    assert PerCpuHashMapHandle(loaded.maps["per_cpu"], U32, U32)[3].sum() == 6
    totals = PerCpuArrayHandle(loaded.maps["totals"], U64)
    assert [values.sum() for values in totals.values()] == [6, 0, 0, 0]
    assert ArrayHandle(loaded.maps[".data"], U64)[0] == 46
    assert ArrayHandle(loaded.maps[".bss"], U64)[0] == 40 << 32


def test_information_comes_from_the_kernel(loaded: LoadedObject) -> None:
    program = loaded.programs["counter"]
    info = program.info()
    assert info.name == "counter"
    assert info.id == program.id > 0
    assert len(info.tag) == 16
    instructions = program.instructions()
    assert len(instructions) == info.xlated_size
    assert any(text.endswith("exit") for text in disassemble(instructions))
    assert loaded.maps["counts"].info().max_entries == 64
    assert loaded.maps["counts"].info().btf_key_type_id > 0
    assert not loaded.notes


def test_variables_are_set_before_load(open_descriptors: None) -> None:
    spec = read_object(compile_c(COUNTER))
    variables = {"step": struct.pack("<I", 10), "calls": struct.pack("<Q", 7)}
    with load_object(spec, variables=variables) as loaded:
        loaded.programs["counter"].run(FRAME, repeat=2)
        assert HashMapHandle(loaded.maps["counts"], U32, U64)[3] == 20
        assert ArrayHandle(loaded.maps[".data"], U64)[0] == 9
        with pytest.raises(KernelError, match="read-only"):
            ArrayHandle(loaded.maps[".rodata"], U32)[0] = 5


@pytest.mark.parametrize(
    ("variables", "message"),
    [({"stride": b"1234"}, "no global variable 'stride'"), ({"step": b"12"}, "has 4 bytes, not 2")],
)
def test_wrong_variables_are_refused(
    open_descriptors: None, variables: dict[str, bytes], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        load_object(read_object(compile_c(COUNTER)), variables=variables)


def test_refused_program_leaves_nothing_open(open_descriptors: None) -> None:
    spec = read_object(compile_c(COUNTER))
    program = spec.programs["counter"]
    broken = replace(program, entry=replace(program.entry, instructions=b"\x95" + bytes(7), references=()))
    with pytest.raises(VerifierError):
        load_object(replace(spec, programs={"counter": broken}))


def test_map_that_the_kernel_refuses_is_described(open_descriptors: None) -> None:
    spec = read_object(compile_c(COUNTER))
    wrong = {**spec.maps, "counts": replace(spec.maps["counts"], max_entries=0)}
    with pytest.raises(KernelError, match=r"'counts'.*HASH, key 4 and value 8 bytes, 0 entries"):
        load_object(replace(spec, maps=wrong))


def test_prefixes_find_the_longest(open_descriptors: None) -> None:
    source = """
    struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 4);
             __uint(map_flags, BPF_F_NO_PREALLOC);
             __type(key, __u64); __type(value, __u32); } prefixes SEC(".maps");
    SEC("xdp") int look(struct xdp_md *ctx)
    {
        struct { __u32 length; __u8 address[4]; } key = {32, {10, 1, 2, 3}};
        __u32 *value = bpf_map_lookup_elem(&prefixes, &key);
        return value ? *value : 0;
    }
    """
    with load_object(read_object(compile_c(source))) as loaded:
        prefixes = HashMapHandle(loaded.maps["prefixes"], PrefixCodec(IntegerCodec(4, big_endian=True)), U32)
        look = loaded.programs["look"]
        assert look.run(FRAME).value == 0
        prefixes[0x0A000000, 8] = 1
        assert look.run(FRAME).value == 1
        prefixes[0x0A010000, 16] = 2
        assert look.run(FRAME).value == 2
        assert dict(prefixes.items()) == {(0x0A000000, 8): 1, (0x0A010000, 16): 2}
        del prefixes[0x0A010000, 16]
        assert look.run(FRAME).value == 1
        with pytest.raises(UsageError, match="behind the prefix length"):
            prefixes[0x0A010000, 8] = 1


def test_function_pointers_and_subprograms_are_linked(open_descriptors: None) -> None:
    source = """
    struct state { __u64 sum; };
    static long add(__u32 index, struct state *state) { state->sum += index; return 0; }
    static __attribute__((noinline)) __u64 twice(__u64 value) { return value * 2; }
    static __attribute__((noinline)) __u64 four_times(__u64 value) { return twice(twice(value)); }
    SEC("tc") int sum(struct __sk_buff *skb)
    {
        struct state state = {};
        bpf_loop(10, add, &state, 0);
        return four_times(state.sum);
    }
    """
    if Features(RUNNING_KERNEL).feature("tcx").answer is not Answer.YES:
        pytest.skip("bpf_loop: needs Linux 5.17")
    with load_object(read_object(compile_c(source))) as loaded:
        assert loaded.programs["sum"].run(FRAME).value == 180
