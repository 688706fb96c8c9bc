"""A pytest plugin for the guest: each test's outcome goes to the host as one JSON line."""

from __future__ import annotations

import platform

import pytest

from tests.vm.guest import send


def pytest_sessionstart() -> None:
    send({"event": "start", "release": platform.release()})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # A test counts by its call; a skip or failure before or after that counts too.
    if report.when == "call" or not report.passed:
        _send_outcome(report, round(report.duration, 2))


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if not report.passed:
        _send_outcome(report, 0)


def _send_outcome(report: pytest.TestReport | pytest.CollectReport, seconds: float) -> None:
    reason = ""
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
    elif report.outcome == "failed":
        reason = str(report.longrepr)[-2000:]
    send(
        {
            "event": "test",
            "id": report.nodeid,
            "outcome": report.outcome,
            "reason": reason,
            "seconds": seconds,
        }
    )
