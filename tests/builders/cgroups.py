"""Control groups made for one test."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from osmia.sys import RUNNING_KERNEL

_numbers = itertools.count()


@dataclass(frozen=True)
class Cgroup:
    """A control group with no process in it but those that `python` starts."""

    path: Path

    def python(self, program: str) -> str:
        """Run a Python program in the group; gives back what it printed, errors included."""
        enter = f"import os\nopen({str(self.path / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))\n"
        done = subprocess.run(
            [sys.executable, "-S", "-c", enter + program], capture_output=True, text=True, timeout=60
        )
        return (done.stdout + done.stderr).strip()


@contextmanager
def cgroup() -> Generator[Cgroup]:
    """A new control group of the unified hierarchy, gone afterwards."""
    root = RUNNING_KERNEL.mounts().get("cgroup2")
    if root is None:
        pytest.skip("no cgroup2 file system is mounted")
    path = Path(root) / f"osmia-test-{os.getpid()}-{next(_numbers)}"
    path.mkdir()
    try:
        yield Cgroup(path)
    finally:
        path.rmdir()
