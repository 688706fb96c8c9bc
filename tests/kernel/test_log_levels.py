"""Log messages below the level that was asked for: the verifier removes them."""

from __future__ import annotations

import logging
import time

import pytest

import osmia
from osmia import LoadedBpf, UsageError, XdpAction, XdpContext, log, xdp
from osmia.bpf.loaded_programs import LoadedXdp

MESSAGES = {
    logging.DEBUG: "debug 64",
    logging.INFO: "info 64",
    logging.WARNING: "warning 64",
    logging.ERROR: "error 64",
}


@xdp
def talk(ctx: XdpContext) -> XdpAction:
    log.debug(f"debug {ctx.length}")
    log.info(f"info {ctx.length}")
    log.warning(f"warning {ctx.length}")
    log.error(f"error {ctx.length}")
    return XdpAction.PASS


@xdp
def silent(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS


def instructions(bpf: LoadedBpf) -> int:
    handle = bpf[talk]
    assert isinstance(handle, LoadedXdp)
    return handle.handle.info().xlated_size // 8


@pytest.mark.parametrize("level", [*MESSAGES, logging.CRITICAL])
def test_messages_from_the_level_on_arrive(level: int, caplog: pytest.LogCaptureFixture) -> None:
    # Everything would be shown: it is the program that leaves messages out.
    caplog.set_level(logging.DEBUG, "osmia.kernel")
    with osmia.load(talk, log_level=level) as bpf:
        bpf[talk].run(bytes(64))
    expected = [(number, text) for number, text in MESSAGES.items() if number >= level]
    assert [(record.levelno, record.message) for record in caplog.records] == expected
    assert {record.funcName for record in caplog.records} <= {"talk"}
    assert {record.filename for record in caplog.records} <= {"test_log_levels.py"}


def test_the_logger_decides_where_nothing_was_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "osmia.kernel"), osmia.load(talk) as bpf:
        bpf[talk].run(bytes(64))
    assert [record.message for record in caplog.records] == ["warning 64", "error 64"]
    first, *_ = caplog.records
    assert first.lineno == talk.function.__code__.co_firstlineno + 4


def test_what_is_off_is_not_in_the_program() -> None:
    sizes: list[int] = []
    for level in (*MESSAGES, logging.CRITICAL):
        with osmia.load(talk, log_level=level) as bpf:
            sizes.append(instructions(bpf))
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)
    with osmia.load(silent) as bpf:
        handle = bpf[silent]
        assert isinstance(handle, LoadedXdp)
        nothing = handle.handle.info().xlated_size // 8
    # What stays of a message is the load of the level, at most three instructions.
    assert sizes[-1] <= nothing + 3 * len(MESSAGES) + 6


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="log_level=-1"):
        osmia.load(talk, log_level=-1)


def test_messages_arrive_while_the_program_runs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "osmia.kernel")
    with osmia.load(talk) as bpf:
        bpf[talk].run(bytes(64))
        deadline = time.monotonic() + 10
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [record.message for record in caplog.records] == ["error 64"]
