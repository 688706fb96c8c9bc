"""The least that every other kernel test rests on."""

from __future__ import annotations

import os

import pytest

from tests.kernel_access import load_probe


@pytest.mark.core
def test_smallest_program_is_loaded() -> None:
    descriptor = load_probe()
    try:
        assert os.readlink(f"/proc/self/fd/{descriptor}") == "anon_inode:bpf-prog"
    finally:
        os.close(descriptor)
