"""Integers as plain Python, against C's arithmetic as ctypes and a definition of its own give it."""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, strategies as st

from osmia import Integer, be16, be32, be64, i8, i16, i32, i64, u8, u16, u32, u64

C_TYPES: dict[type[Integer], Any] = {
    u8: ctypes.c_uint8,
    u16: ctypes.c_uint16,
    u32: ctypes.c_uint32,
    u64: ctypes.c_uint64,
    i8: ctypes.c_int8,
    i16: ctypes.c_int16,
    i32: ctypes.c_int32,
    i64: ctypes.c_int64,
}
NATIVE = list(C_TYPES)
NETWORK: list[type[Integer]] = [be16, be32, be64]

Operation = Callable[[Any, Any], Any]
WRAPPING: list[Operation] = [
    operator.add,
    operator.sub,
    operator.mul,
    lambda a, b: a & b,
    lambda a, b: a | b,
    lambda a, b: a ^ b,
]
MIXED: list[Operation] = [operator.add, operator.lt, lambda a, b: a & b, lambda a, b: a // b]

numbers = (
    st.integers(-(2**65), 2**65) | st.integers(-300, 300) | st.sampled_from([-(2**63), -(2**31), 2**63 - 1])
)


def c(kind: type[Integer], number: int) -> int:
    value: int = C_TYPES[kind](number).value
    return value


def c_divide(a: int, b: int) -> int:
    """C's division, with the kernel's answer for zero (Documentation/bpf/standardization)."""
    if b == 0:
        return 0
    return a // b if (a >= 0) == (b > 0) else -(-a // b)


def c_remainder(a: int, b: int) -> int:
    return a if b == 0 else a - c_divide(a, b) * b


@given(kind=st.sampled_from(NATIVE), a=numbers, b=numbers)
@pytest.mark.parametrize("operation", WRAPPING)
def test_operators_wrap_as_in_c(operation: Operation, kind: type[Integer], a: int, b: int) -> None:
    result = operation(kind(a), kind(b))
    assert type(result) is kind
    assert int(result) == c(kind, operation(c(kind, a), c(kind, b)))
    assert operation(kind(a), c(kind, b)) == result
    assert operation(c(kind, a), kind(b)) == result


@given(kind=st.sampled_from(NATIVE), a=numbers, b=numbers)
def test_division_goes_towards_zero(kind: type[Integer], a: int, b: int) -> None:
    dividend: Any = kind(a)
    left, right = c(kind, a), c(kind, b)
    assert int(dividend // kind(b)) == c(kind, c_divide(left, right))
    assert int(dividend % kind(b)) == c(kind, c_remainder(left, right))
    reflected: Any = kind(b)
    assert left // reflected == dividend // kind(b)
    assert left % reflected == dividend % kind(b)


@pytest.mark.parametrize("kind", NATIVE)
def test_division_by_zero_has_the_kernels_answer(kind: Any) -> None:
    assert kind(7) // kind(0) == 0
    assert kind(7) % 0 == 7


def test_the_smallest_number_divided_by_minus_one_wraps() -> None:
    assert i32(-(2**31)) // i32(-1) == -(2**31)
    assert i64(-(2**63)) % i64(-1) == 0


@given(kind=st.sampled_from(NATIVE), a=numbers, count=st.integers(0, 255))
def test_shift_counts_are_taken_modulo_the_register(kind: type[Integer], a: int, count: int) -> None:
    value: Any = kind(a)
    effective = count % (64 if kind.bits == 64 else 32)
    assert int(value << count) == c(kind, c(kind, a) * 2**effective)
    assert int(value >> count) == c(kind, c(kind, a) // 2**effective)


@given(kind=st.sampled_from(NATIVE), a=numbers)
def test_negation_inversion_and_bytes(kind: type[Integer], a: int) -> None:
    value: Any = kind(a)
    assert int(-value) == c(kind, -c(kind, a))
    assert int(~value) == c(kind, ~c(kind, a))
    assert value.to_bytes() == bytes(C_TYPES[kind](a))
    assert kind.from_bytes(value.to_bytes()) == value


@given(kind=st.sampled_from(NATIVE), a=numbers, b=numbers)
def test_comparison_is_of_the_numbers(kind: type[Integer], a: int, b: int) -> None:
    left, right = c(kind, a), c(kind, b)
    pairs: list[Operation] = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
    for compare in pairs:
        assert compare(kind(a), kind(b)) == compare(left, right)
    assert bool(kind(a)) == bool(left)
    assert hash(kind(a)) == hash(left)


@given(number=st.integers(0, 2**64 - 1))
@pytest.mark.parametrize("kind", NETWORK)
def test_network_order_turns_the_bytes_and_keeps_the_number(kind: type[Integer], number: int) -> None:
    value = kind(number)
    assert int(value) == number % 2**kind.bits
    assert value.to_bytes() == int(value).to_bytes(kind.bits // 8, "big")
    assert kind.from_bytes(value.to_bytes()) == value


def test_network_order_has_no_arithmetic() -> None:
    left: Any = be16(1)
    with pytest.raises(TypeError):
        _ = left + 1
    with pytest.raises(TypeError):
        _ = left << 1
    assert left & 0xFF == be16(1)


@pytest.mark.parametrize("operation", MIXED)
def test_widths_do_not_mix(operation: Operation) -> None:
    with pytest.raises(TypeError):
        operation(u32(1), u64(1))
    with pytest.raises(TypeError):
        operation(u32(1), 1.5)


def test_equal_numbers_of_two_types_are_not_equal() -> None:
    left: object = u32(1)
    right: object = u64(1)
    assert left != right


class Color(u8, Enum):
    RED = 1
    GREEN = 2


class Sign(i16, Enum):
    MINUS = -1


def test_an_enumeration_is_open_and_keeps_its_type() -> None:
    assert Color(1) is Color.RED
    both = Color.RED | Color.GREEN
    assert both == Color(3)
    unknown = Color(77)
    assert isinstance(unknown, Color)
    assert int(unknown) == 77
    assert unknown.name == "UNKNOWN_77"
    assert "UNKNOWN_77" in repr(unknown)
    assert str(Color.RED | 0x10) == "Color.UNKNOWN_17"
    assert Color.RED + 1 is Color.GREEN
    assert Sign(0xFFFF) is Sign.MINUS


def test_an_enumeration_compares_with_its_integer_type_only() -> None:
    member: object = Color.RED
    assert member == u8(1)
    assert member != u16(1)


def test_text() -> None:
    assert f"{u32(255)} {u32(255):x} {u32(255)!r}" == "255 ff u32(255)"
