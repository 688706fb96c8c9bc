"""From the start of a process until xdp_counter is attached, in a network namespace made for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.event_rivals import BCC_PYTHON
from benchmarks.pairs import PAIRS
from tests.builders.network import Host, veth_pair

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class StartRow:
    """Medians of several processes."""

    title: str
    milliseconds: float
    peak_mib: float
    llvm_peak_mib: float
    """The process in which LLVM runs; 0 where none was started."""


@dataclass(frozen=True)
class _Start:
    milliseconds: float
    peak_mib: float
    llvm_peak_mib: float


def measure_starts(processes: int) -> tuple[StartRow, ...]:
    """Start each kind of process so many times, in turn."""
    with TemporaryDirectory() as folder, veth_pair() as (host, _):
        object_file = Path(folder, "xdp_counter.o")
        (pair,) = (pair for pair in PAIRS if pair.name == "xdp_counter")
        object_file.write_bytes(pair.osmia_object())
        full = Path(folder, "full")
        starts: dict[str, list[_Start]] = {"compiled": [], "from the cache": [], "from the .o": []}
        with_bcc = _bcc_works(host)
        # The first round fills the cache and writes the bytecode, as an installation does.
        for number in range(processes + 1):
            measured = {
                "compiled": _start(host, folder, Path(folder, f"empty-{number}")),
                "from the cache": _start(host, folder, full),
                "from the .o": _start(host, folder, full, str(object_file)),
            }
            if with_bcc:
                measured["bcc"] = _bcc_start(host)
            if number:
                if measured["from the cache"].llvm_peak_mib:
                    raise RuntimeError("the cache was not used: did the sources change meanwhile?")
                for title, start in measured.items():
                    starts.setdefault(title, []).append(start)
    return tuple(_row(title, values) for title, values in starts.items())


def _row(title: str, starts: list[_Start]) -> StartRow:
    return StartRow(
        title,
        median(start.milliseconds for start in starts),
        median(start.peak_mib for start in starts),
        median(start.llvm_peak_mib for start in starts),
    )


def _start(host: Host, bytecode: str, cache: Path, *arguments: str) -> _Start:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
        "PYTHONPYCACHEPREFIX": bytecode,
        "XDG_CACHE_HOME": str(cache),
    }
    command = [sys.executable, str(ROOT / "benchmarks" / "attach_once.py"), host.interface, *arguments]
    return _measured(host, command, environment)


def _bcc_works(host: Host) -> bool:
    try:
        _bcc_start(host)
    except (OSError, RuntimeError):
        command = "apt-get install python3-bpfcc linux-headers-$(uname -r)"
        print(f"benchmarks: bcc is left out: {command}", file=sys.stderr)
        return False
    return True


def _bcc_start(host: Host) -> _Start:
    command = [BCC_PYTHON, str(ROOT / "benchmarks" / "bcc" / "attach_once.py"), host.interface]
    return _measured(host, command, {"PATH": os.environ["PATH"]})


def _measured(host: Host, command: list[str], environment: dict[str, str]) -> _Start:
    with host.inside():
        begin = time.monotonic_ns()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    answer = json.loads(done.stdout)
    return _Start(
        (answer["attached_ns"] - begin) / 1e6, answer["peak_kib"] / 1024, answer["llvm_peak_kib"] / 1024
    )
