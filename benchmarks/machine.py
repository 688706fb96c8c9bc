"""What the numbers were measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """Processor, kernel and compilers."""

    processor: str
    processors: int
    kernel: str
    python: str
    llvmlite: str
    clang: str


def this_machine() -> Machine:
    """Ask this machine."""
    clang = subprocess.run(["clang", "--version"], capture_output=True, text=True, check=True).stdout
    return Machine(
        processor=_processor(),
        processors=os.cpu_count() or 1,
        kernel=f"Linux {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        llvmlite=importlib.metadata.version("llvmlite"),
        clang=clang.splitlines()[0],
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
