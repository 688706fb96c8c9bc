"""Faults that a compiler could have, planted into copies of its tables and steps for one test."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

from osmia.compiler.backend import arithmetic, function_assembly
from osmia.compiler.check import operators
from osmia.compiler.check.values import limits
from osmia.compiler.ir.types import I64, IntegerType

Plant = Callable[[pytest.MonkeyPatch], None]


def _row(table: dict[Any, Any], key: object, value: object) -> Plant:
    return lambda patch: patch.setitem(table, key, value)


def _swapped_operands(patch: pytest.MonkeyPatch) -> None:
    right = arithmetic.binary

    def binary(assembler: Any, operator: Any, kind: IntegerType, left: str, other: str) -> str:
        if operator == "sub":
            left, other = other, left
        return right(assembler, operator, kind, left, other)

    patch.setattr(function_assembly, "binary", binary)


def _conversion_of(change: Callable[[IntegerType], IntegerType]) -> Plant:
    """Conversions take the number for one of another type."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        right = arithmetic.convert

        def convert(assembler: Any, source: Any, target: IntegerType, value: str) -> str:
            wrong = change(source) if isinstance(source, IntegerType) else source
            return right(assembler, wrong, target, value)

        patch.setattr(function_assembly, "convert", convert)

    return plant


def _unsigned(kind: IntegerType) -> IntegerType:
    return IntegerType(f"u{kind.bits}", kind.bits, big_endian=kind.big_endian)


def _without_order(kind: IntegerType) -> IntegerType:
    return IntegerType(f"u{kind.bits}", kind.bits, signed=kind.signed)


def _swap_of_half(patch: pytest.MonkeyPatch) -> None:
    right = arithmetic.byte_swap

    def byte_swap(assembler: Any, bits: int, value: str) -> str:
        if bits != 32 or not value.startswith("%"):
            return right(assembler, bits, value)
        swapped = assembler.result(f"trunc i32 {value} to i16")
        swapped = right(assembler, 16, swapped)
        return str(assembler.result(f"zext i16 {swapped} to i32"))

    patch.setattr(arithmetic, "byte_swap", byte_swap)


def _saturation(patch: pytest.MonkeyPatch) -> None:
    right = operators._fold

    def fold(name: Any, kind: IntegerType, left: int, other: int) -> int:
        low, high = limits(kind)
        exact = right(name, I64, left, other) if kind.bits < 64 and name != "shr" else None
        return right(name, kind, left, other) if exact is None else min(max(exact, low), high)

    patch.setattr(operators, "_fold", fold)


def _shift_mask(patch: pytest.MonkeyPatch) -> None:
    right = arithmetic._shift

    def shift(assembler: Any, operator: str, kind: IntegerType, left: str, count: str) -> str:
        if count.startswith("%"):
            count = assembler.result(f"and i{kind.bits} {count}, {kind.bits - 1}")
        return right(assembler, operator, kind, left, count)

    patch.setattr(arithmetic, "_shift", shift)


def _logical_shift(patch: pytest.MonkeyPatch) -> None:
    right = arithmetic._shift

    def shift(assembler: Any, operator: str, kind: IntegerType, left: str, count: str) -> str:
        return right(assembler, operator, _unsigned(kind), left, count)

    patch.setattr(arithmetic, "_shift", shift)


def _unsigned_division(patch: pytest.MonkeyPatch) -> None:
    right = arithmetic._divide

    def divide(assembler: Any, operator: str, kind: IntegerType, left: str, other: str) -> str:
        return right(assembler, operator, _unsigned(kind), left, other)

    patch.setattr(arithmetic, "_divide", divide)


def _swapped_branches(patch: pytest.MonkeyPatch) -> None:
    """Of tests of numbers only: no verifier takes a program whose null tests are the wrong way round."""
    right = arithmetic.compare

    def compare(assembler: Any, operator: Any, kind: Any, left: str, other: str) -> str:
        value = right(assembler, operator, kind, left, other)
        if operator == "ne" and isinstance(kind, IntegerType):
            return str(assembler.result(f"xor i1 {value}, true"))
        return value

    patch.setattr(function_assembly, "compare", compare)


FAULTS: dict[str, Plant] = {
    "exclusive or for or": _row(arithmetic._PLAIN, "or", "xor"),
    "addition for exclusive or": _row(arithmetic._PLAIN, "xor", "add"),
    "the operands of a subtraction swapped": _swapped_operands,
    "an unsigned comparison of signed numbers": _row(arithmetic._SIGNED, "lt", "ult"),
    "a signed comparison of unsigned numbers": _row(arithmetic._UNSIGNED, "ge", "sge"),
    "a bound that is off by one": _row(arithmetic._UNSIGNED, "le", "ult"),
    "greater for less, as it is written": _row(operators._COMPARE, ast.Gt, (">", "lt")),
    "no sign extension": _conversion_of(_unsigned),
    "no byte swap in conversions": _conversion_of(_without_order),
    "a byte swap of half the width": _swap_of_half,
    "what the compiler calculates does not wrap around": _saturation,
    "shift counts modulo the type's width": _shift_mask,
    "right shifts without the sign": _logical_shift,
    "an unsigned division of signed numbers": _unsigned_division,
    "the ways of a test for inequality swapped": _swapped_branches,
}
