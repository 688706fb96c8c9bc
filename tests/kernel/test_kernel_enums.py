"""Numbers of the kernel's enumerations: the declared ones are wrong here, and the kernel's are found."""

from __future__ import annotations

from enum import Enum

import pytest

import osmia
from osmia import (
    ArrayMap,
    XdpAction,
    XdpContext,
    enum_value,
    enum_value_exists,
    i32,
    kernel_enum,
    u32,
    u64,
    xdp,
)


@kernel_enum("bpf_map_type")
class MapType(u32, Enum):
    BPF_MAP_TYPE_HASH = 77
    BPF_MAP_TYPE_ARRAY = 78
    BPF_MAP_TYPE_OF_TOMORROW = 79
    BPF_MAP_TYPE_FIRST = 77  # noqa: PIE796 - an alias, told apart by its name


@kernel_enum("bpf_no_such_enum")
class Nothing(i32, Enum):
    NEVER = -1


class Plain(u32, Enum):
    ONE = 1


answers = ArrayMap(u64, max_entries=8)


@xdp
def asking(ctx: XdpContext) -> XdpAction:
    kind = enum_value(MapType.BPF_MAP_TYPE_ARRAY)
    answers[u32(0)] = u64(enum_value(MapType.BPF_MAP_TYPE_HASH))
    answers[u32(1)] = u64(kind)
    answers[u32(2)] = u64(enum_value_exists(MapType.BPF_MAP_TYPE_HASH))
    answers[u32(3)] = u64(enum_value_exists(MapType.BPF_MAP_TYPE_OF_TOMORROW))
    answers[u32(4)] = u64(enum_value_exists(Nothing.NEVER))
    answers[u32(5)] = u64(enum_value_exists(MapType.BPF_MAP_TYPE_FIRST))
    if enum_value_exists(MapType.BPF_MAP_TYPE_OF_TOMORROW):
        answers[u32(6)] = u64(enum_value(MapType.BPF_MAP_TYPE_OF_TOMORROW))
    answers[u32(7)] = u64(kind == MapType.BPF_MAP_TYPE_ARRAY)
    return XdpAction.PASS


def test_the_running_kernel_is_asked_by_the_names_of_the_members() -> None:
    with osmia.load(asking) as bpf:
        bpf[asking].run(bytes(64))
        assert [int(bpf[answers][index]) for index in range(8)] == [1, 2, 1, 0, 0, 0, 0, 0]


def test_a_simulation_has_what_is_declared() -> None:
    with osmia.simulate(asking) as bpf:
        bpf[asking].run(bytes(64))
        assert [int(bpf[answers][index]) for index in range(8)] == [77, 78, 1, 1, 1, 1, 79, 1]


def test_only_declared_enumerations_are_the_kernels() -> None:
    with pytest.raises(TypeError, match="@kernel_enum declares"):
        enum_value(Plain.ONE)
    with pytest.raises(TypeError, match="is no enumeration"):
        kernel_enum("bpf_map_type")(u32)
