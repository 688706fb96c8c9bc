"""A process that attaches xdp_counter and prints when that was done: `attach_once.py IFACE [FILE.o]`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import osmia

if TYPE_CHECKING:
    from osmia.bpf import Bpf


def attach(interface: str, object_file: str | None) -> Bpf:
    """Load and attach, from the object file where one is given."""
    if object_file is not None:
        loaded = osmia.load(Path(object_file))
        loaded.program("xdp_counter").attach_xdp(interface)
        return loaded
    from benchmarks.programs.xdp_counter import xdp_counter  # noqa: PLC0415 - not for an object file

    bpf = osmia.load(xdp_counter)
    bpf[xdp_counter].attach(interface)
    return bpf


def report(attached_ns: int) -> None:
    """Print the time, and the peak memory of this process and of the one in which LLVM ran, in KiB."""
    # Imported only now: they are no part of what is measured.
    import json  # noqa: PLC0415
    import resource  # noqa: PLC0415

    from osmia.compiler.backend.llvm_process import llvm  # noqa: PLC0415

    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    llvm.close()
    llvm_peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"attached_ns": attached_ns, "peak_kib": own, "llvm_peak_kib": llvm_peak}))


if __name__ == "__main__":
    with attach(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None):
        report(time.monotonic_ns())
