"""The generator finds a fault of the compiler within few functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential.batch import compare_functions
from tests.differential.faults import FAULTS
from tests.differential.operations import Tally

MODULES = 12
FUNCTIONS = 24
"""Of each module: a fault has to show within some 300 functions; most do within the first 24."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    FAULTS[fault](monkeypatch)
    for seed in range(MODULES):
        if compare_functions(seed, tmp_path, Tally(), FUNCTIONS):
            return
    pytest.fail(f"{MODULES * FUNCTIONS} functions gave the same on both sides")
