"""No kernel test leaves a descriptor of BPF behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

_KINDS = ("bpf", "perf_event", "socket")


def _open() -> set[str]:
    """This process's descriptors of programs, maps, links, perf events and sockets."""
    found: set[str] = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if any(kind in target for kind in _KINDS) and not target.startswith("/"):
            found.add(f"{entry.name}: {target}")
    return found


@pytest.fixture(autouse=True)
def no_leaked_descriptors() -> Iterator[None]:
    """Fail a test that ends with descriptors that it has opened."""
    before = _open()
    yield
    left = _open() - before
    if left:
        gc.collect()
        left = _open() - before
    assert not left, f"left open: {', '.join(sorted(left))}"
