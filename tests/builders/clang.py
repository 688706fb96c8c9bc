"""C programs compiled with the distribution's clang: what users of libbpf bring."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

PROLOGUE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "Dual MIT/GPL";
"""


class ClangError(Exception):
    """A source that clang refuses, or no clang; the message says which."""


@cache
def compile_c(source: str, *, prologue: str = PROLOGUE, options: tuple[str, ...] = ()) -> bytes:
    """The object file of a C source behind the prologue."""
    with TemporaryDirectory() as folder:
        text = Path(folder, "program.c")
        text.write_text(prologue + source)
        return compile_c_file(text, options=("-Wno-unused", *options))


@cache
def compile_c_file(source: Path, *, options: tuple[str, ...] = ()) -> bytes:
    """The object file of a C file, by clang -O2 and, unless `options` say otherwise, its default -mcpu.

    Raises:
        ClangError: with clang's words.
    """
    clang = shutil.which("clang")
    if clang is None:
        raise ClangError("clang is missing: apt-get install clang")
    with TemporaryDirectory() as folder:
        target = Path(folder, "program.o")
        include = f"/usr/include/{_multiarch(clang)}"
        command = [clang, "-O2", "-g", "-target", "bpf", "-I", include, *options]
        done = subprocess.run(
            [*command, "-c", str(source), "-o", str(target)], capture_output=True, text=True, timeout=60
        )
        if done.returncode:
            raise ClangError(done.stderr.strip())
        return target.read_bytes()


@cache
def _multiarch(clang: str) -> str:
    """Debian's name of this architecture's folder of headers, where <asm/types.h> is."""
    for compiler in (clang, "gcc"):
        done = subprocess.run([compiler, "-print-multiarch"], capture_output=True, text=True)
        if done.stdout.strip():
            return done.stdout.strip()
    raise ClangError("neither clang nor gcc says where this architecture's headers are")
