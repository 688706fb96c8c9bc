"""The running kernel's own BTF: decoded whole, and our records have its layout."""

from __future__ import annotations

from ctypes import Structure
from pathlib import Path

import pytest

from osmia.btf import Btf, decode_btf, encode_btf, types
from osmia.uapi import HELPERS, AttachType, MapType, records
from osmia.uapi.layout import offset_of

VMLINUX = Path("/sys/kernel/btf/vmlinux")


@pytest.fixture(scope="module")
def kernel_btf() -> Btf:
    if not VMLINUX.exists():
        pytest.skip("kernel BTF: needs CONFIG_DEBUG_INFO_BTF")
    return decode_btf(VMLINUX.read_bytes())


def test_all_types_come_back(kernel_btf: Btf) -> None:
    data = VMLINUX.read_bytes()
    assert decode_btf(encode_btf(kernel_btf)) == kernel_btf
    assert len(encode_btf(kernel_btf)) == len(data)


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (records.ProgramInfo, "bpf_prog_info"),
        (records.MapInfo, "bpf_map_info"),
        (records.LinkInfo, "bpf_link_info"),
        (records.BtfInfo, "bpf_btf_info"),
        (records.PerfEventAttributes, "perf_event_attr"),
        (records.PerfBufferPage, "perf_event_mmap_page"),
    ],
)
def test_records_have_the_kernels_layout(kernel_btf: Btf, record: type[Structure], name: str) -> None:
    struct = next(each for each in kernel_btf.types if isinstance(each, types.Struct) and each.name == name)
    compared = 0
    for member in struct.members:
        if hasattr(record, member.name) and not member.bit_size:
            assert offset_of(record, member.name) == member.bit_offset // 8, member.name
            compared += 1
    assert compared >= 3


@pytest.mark.parametrize(
    ("enum", "prefix", "numbers"),
    [
        ("bpf_map_type", "BPF_MAP_TYPE_", MapType.__members__),
        ("bpf_attach_type", "BPF_", AttachType.__members__),
    ],
)
def test_numbers_are_the_kernels(
    kernel_btf: Btf, enum: str, prefix: str, numbers: dict[str, MapType | AttachType]
) -> None:
    found = next(each for each in kernel_btf.types if isinstance(each, types.Enum) and each.name == enum)
    values = {each.name: each.value for each in found.enumerators}
    shared = {name: number for name, number in numbers.items() if prefix + name in values}
    assert len(shared) > 20
    assert shared == {name: values[prefix + name] for name in shared}


def test_helpers_have_the_kernels_numbers(kernel_btf: Btf) -> None:
    found = next(e for e in kernel_btf.types if isinstance(e, types.Enum) and e.name == "bpf_func_id")
    values = {each.name.removeprefix("BPF_FUNC_"): each.value for each in found.enumerators}
    shared = {name for name in HELPERS if name in values}
    assert len(shared) > 100
    assert {name: HELPERS[name].id for name in shared} == {name: values[name] for name in shared}


def test_helper_parameters_are_taken_apart() -> None:
    parameters = HELPERS["map_lookup_elem"].parameters
    assert [(each.type, each.name) for each in parameters] == [
        ("struct bpf_map *", "map"),
        ("const void *", "key"),
    ]
    assert HELPERS["ktime_get_ns"].parameters == ()
    assert HELPERS["trace_printk"].parameters[-1].type == "..."
