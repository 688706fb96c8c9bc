"""How a machine's report is judged, and when it is started again; no machine is booted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.vm import run
from tests.vm.fetch import KernelFiles
from tests.vm.pins import Pin

KERNEL = KernelFiles(Pin("9.9", "sid", "9.9.1-1", {}), Path("vmlinuz"), Path("lib/modules/9.9.1"))
Message = dict[str, object]

BOOT: Message = {"event": "boot"}
START: Message = {"event": "start", "release": "9.9.1"}
END: Message = {"event": "end", "exit": 0}
PASSED: Message = {"event": "test", "id": "a", "outcome": "passed", "reason": "", "seconds": 0.1}
SKIPPED: Message = {
    "event": "test",
    "id": "b",
    "outcome": "skipped",
    "reason": "tcx needs Linux 6.6",
    "seconds": 0,
}


def no_initramfs(*_: object) -> bytes:
    return b""


def machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *boots: tuple[list[Message], bool]
) -> run.Machine:
    """The verdict where each start writes these messages and ends by itself or not."""
    remaining = list(boots)

    def boot(command: list[str], log: Path, time_limit: float) -> tuple[bool, str]:
        messages, ended = remaining.pop(0)
        results = Path(command[-1].removeprefix("file:"))
        results.write_text("".join(json.dumps(message) + "\r\n" for message in messages))
        log.touch()
        return ended, "" if ended else f"killed after {time_limit:.0f} s"

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(run, "_boot", boot)
    monkeypatch.setattr(run, "build_initramfs", no_initramfs)
    judged = run.run_machine(KERNEL, tmp_path, [], 5)
    assert not remaining, "fewer starts than expected"
    return judged


def test_pass_names_what_was_skipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    judged = machine(monkeypatch, tmp_path, ([BOOT, START, PASSED, SKIPPED, END], True))
    assert judged.passed
    assert "1 passed, 1 skipped (1 x tcx needs Linux 6.6)" in judged.summary()
    assert "started" not in judged.summary()


def test_death_before_the_first_report_is_started_again_and_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    judged = machine(monkeypatch, tmp_path, (list[Message](), True), ([BOOT, START, PASSED, END], True))
    assert judged.passed
    assert "started 2 times: 1 died in boot" in judged.summary()


def test_starts_are_limited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    judged = machine(monkeypatch, tmp_path, *[(list[Message](), True)] * run.BOOTS)
    assert not judged.passed


@pytest.mark.parametrize(
    ("messages", "ended"),
    [
        pytest.param([BOOT], True, id="panic after the first report"),
        pytest.param([BOOT, START, PASSED], True, id="panic in the tests"),
        pytest.param([], False, id="hang in boot"),
        pytest.param([BOOT, START, PASSED], False, id="hang in the tests"),
        pytest.param([BOOT, START, SKIPPED, END], True, id="nothing passed"),
        pytest.param([BOOT, START, PASSED, {"event": "end", "exit": 1}], True, id="pytest failed"),
        pytest.param([BOOT, START, PASSED, {"event": "odd"}, END], True, id="message not known"),
    ],
)
def test_failure_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, messages: list[Message], ended: bool
) -> None:
    assert not machine(monkeypatch, tmp_path, (messages, ended)).passed
