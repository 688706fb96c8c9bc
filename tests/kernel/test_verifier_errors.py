"""Programs that compile but that the verifier refuses: the error has the Python line, cause and fix."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Literal

import pytest

import osmia
from osmia import (
    Array,
    ArrayMap,
    HashMap,
    Program,
    TcAction,
    TcContext,
    VerifierError,
    XdpAction,
    XdpContext,
    classifier,
    struct,
    u32,
    u64,
    xdp,
)
from osmia.net import EthHdr

counts = HashMap(u32, u64, max_entries=16)


@struct
class Table:
    numbers: Array[u32, Literal[16]]


tables = ArrayMap(Table, max_entries=1)


@xdp
def unbounded(ctx: XdpContext) -> XdpAction:
    total = ctx.length
    while total != 7:  # here
        counts[total] += 1  # here
        total = total * 3 + 1  # here
    return XdpAction.PASS


@xdp
def too_long(ctx: XdpContext) -> XdpAction:
    for i in range(10_000_000):
        counts[u32(i)] += 1  # here
    return XdpAction.PASS


@xdp
def unknown_start(ctx: XdpContext) -> XdpAction:
    for i in range(ctx.rx_queue_index, 4_000_000_000):  # here
        counts[u32(i)] += 1  # here
    return XdpAction.PASS


@classifier
def stale_header(ctx: TcContext) -> TcAction:
    eth = ctx.packet().read(EthHdr)
    if eth is None:
        return TcAction.OK
    for _ in range(u32(ctx.length) & 7):
        if eth.ether_type == 0x0800:  # here
            return TcAction.SHOT
        ctx.pull_data(64)
    return TcAction.OK


REFUSED: list[tuple[Program[Any, Any], str]] = [
    (unbounded, "loop ends"),
    (too_long, "more paths than the verifier"),
    (unknown_start, ""),
    (stale_header, "number is used as if it were a pointer"),
]


@pytest.mark.parametrize(("program", "cause"), REFUSED, ids=lambda value: getattr(value, "name", None))
def test_line_cause_and_fix(program: Program[Any, Any], cause: str) -> None:
    with pytest.raises(VerifierError) as caught:
        osmia.load(program)
    error = caught.value
    assert error.program == program.name
    assert cause in error.cause, error.log
    assert error.help
    assert error.span is not None, error.log
    assert Path(error.span.filename) == Path(__file__)
    assert "# here" in error.span.text, error.log
    lines, first = inspect.getsourcelines(program.function)
    assert first <= error.span.line < first + len(lines)
    text = str(error)
    assert error.span.text.strip() in text
    assert f"line {error.span.line}" in text
    assert error.cause in text
    assert error.help in text
    assert error.log not in text
