"""Kernel helpers: the function of the vocabulary, and its number and types, or what emits its meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from osmia.compiler.ir.types import U32, U64, IntegerType
from osmia.compiler.primitives import tracing
from osmia.compiler.primitives.method import MethodRow
from osmia.lang import helpers


@dataclass(frozen=True)
class HelperRow:
    """A helper that is a plain call: its number in `enum bpf_func_id`, the types of arguments and result."""

    number: int
    arguments: tuple[IntegerType, ...]
    result: IntegerType


HELPERS: dict[Callable[..., object], HelperRow] = {
    helpers.ktime_get_ns: HelperRow(5, (), U64),
    helpers.get_prandom_u32: HelperRow(7, (), U32),
    helpers.get_smp_processor_id: HelperRow(8, (), U32),
}

EMITTED_HELPERS: dict[Callable[..., object], MethodRow] = {
    helpers.probe_read_user_str: MethodRow(("type", "address"), tracing.probe_read_user_str),
    helpers.probe_read_kernel_str: MethodRow(("type", "address"), tracing.probe_read_kernel_str),
}
"""Helpers that take more than integers; their receiver is the function itself."""
