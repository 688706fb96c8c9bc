"""What a test needs from the machine: checked before it runs; what was not run is listed at the end."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.kernel_access import why_no_bpf
from tests.vm.objects import ObjectError, object_folder

KERNEL_TESTS = Path(__file__).with_name("kernel")

TOOL_PACKAGES = {
    "bpftool": "bpftool",
    "clang": "clang",
    "cpio": "cpio",
    "gcc": "gcc",
    "ip": "iproute2",
    "llvm-objdump": "llvm",
    "nmap": "nmap",
    "setpriv": "util-linux",
    "tc": "iproute2",
    "tcpdump": "tcpdump",
}
"""The Debian package of each program that a test may ask for: `@pytest.mark.requires_tool("clang")`."""


@pytest.fixture(scope="session")
def prebuilt_objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ELF objects (`c_NAME.o`, …): the only source of programs in a virtual machine."""
    try:
        return object_folder(tmp_path_factory.mktemp("objects"))
    except ObjectError as error:
        if kernel_is_required():
            raise
        pytest.skip(str(error))


def kernel_is_required() -> bool:
    """Whether a kernel test that cannot run is a failure: so it is in CI and in the virtual machines."""
    return os.environ.get("OSMIA_REQUIRE_KERNEL", "") not in {"", "0"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if KERNEL_TESTS in item.path.parents:
            item.add_marker("kernel")


def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = _missing(item)
    if missing and kernel_is_required():
        pytest.fail(f"OSMIA_REQUIRE_KERNEL is set, but {missing}", pytrace=False)
    if missing:
        pytest.skip(missing)


def _missing(item: pytest.Item) -> str:
    """What the machine lacks for a test, or an empty string."""
    reason = why_no_bpf() if item.get_closest_marker("kernel") is not None else None
    if reason is not None:
        return reason
    for marker in item.iter_markers("requires_tool"):
        for tool in marker.args:
            if shutil.which(tool) is None:
                return f"{tool} is missing: apt-get install {TOOL_PACKAGES[tool]}"
    return ""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    reasons = Counter(_skip_reason(report) for report in skipped)
    terminalreporter.section("not run")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count} test{'s' if count > 1 else ''}: {reason}")


def _skip_reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr)
