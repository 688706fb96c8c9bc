"""What `osmia generate` writes passes both type checkers, strict."""

from __future__ import annotations

from pathlib import Path

import pytest

from osmia.btf import LazyBtf
from osmia.cli.generate.kernel_struct import struct_source
from osmia.cli.generate.tracepoint import tracepoint_source
from tests.typing.test_typing import CHECKERS
from tests.unit.test_generate import FORMAT, GRAPH

RUNNING = Path("/sys/kernel/btf/vmlinux")
USE = """
from osmia import tracepoint


@tracepoint("net", "connected")
def connected(ctx: Connected) -> int:
    return 1 if ctx.state == i32(3) and ctx.path[0] == u8(1) else 0
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_generated_classes(checker: str, tmp_path: Path) -> None:
    sources = {
        "made.py": struct_source(GRAPH, "task"),
        "record.py": tracepoint_source("net", "connected", FORMAT) + USE,
    }
    if RUNNING.exists():
        sources["running.py"] = struct_source(LazyBtf(RUNNING.read_bytes()), "tcp_sock")
    for name, source in sources.items():
        file = tmp_path / name
        file.write_text(source)
        assert CHECKERS[checker](file, tmp_path) == {}
