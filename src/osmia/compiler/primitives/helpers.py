"""Kernel helpers that are plain calls: the function of the vocabulary, its number, its types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from osmia.compiler.ir.types import U32, U64, IntegerType
from osmia.lang import helpers


@dataclass(frozen=True)
class HelperRow:
    """A helper's number in `enum bpf_func_id`, and the types of its arguments and result."""

    number: int
    arguments: tuple[IntegerType, ...]
    result: IntegerType


HELPERS: dict[Callable[..., object], HelperRow] = {
    helpers.ktime_get_ns: HelperRow(5, (), U64),
    helpers.get_prandom_u32: HelperRow(7, (), U32),
    helpers.get_smp_processor_id: HelperRow(8, (), U32),
}
