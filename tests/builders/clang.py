"""C programs compiled with the distribution's clang: what users of libbpf bring."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

PROLOGUE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "Dual MIT/GPL";
"""


@cache
def compile_c(source: str, *, prologue: str = PROLOGUE, options: tuple[str, ...] = ()) -> bytes:
    """The object file of a C source behind the prologue."""
    include = f"-I/usr/include/{platform.machine()}-linux-gnu"
    with TemporaryDirectory() as folder:
        text = Path(folder, "program.c")
        text.write_text(prologue + source)
        target = Path(folder, "program.o")
        command = ["clang", "-O2", "-g", "-target", "bpf", include, "-Wno-unused", *options]
        done = subprocess.run(
            [*command, "-c", str(text), "-o", str(target)], capture_output=True, text=True, timeout=60
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return target.read_bytes()
