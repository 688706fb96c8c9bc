"""The least that every other kernel test rests on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kernel_access import load_probe


@pytest.mark.core
def test_smallest_program_is_loaded() -> None:
    descriptor = load_probe()
    try:
        assert Path(f"/proc/self/fd/{descriptor}").readlink() == Path("anon_inode:bpf-prog")
    finally:
        os.close(descriptor)
