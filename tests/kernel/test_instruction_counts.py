"""No program is larger than the C program of the same meaning."""

from __future__ import annotations

import pytest

from benchmarks.instructions import sizes_of
from benchmarks.pairs import PAIRS, Pair

pytestmark = pytest.mark.requires_tool("clang")


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_at_most_as_many_instructions_as_c(pair: Pair) -> None:
    ours, c = sizes_of(pair.osmia_object()), sizes_of(pair.c_object())
    assert ours.keys() == c.keys()
    for name, size in ours.items():
        assert 0 < size.instructions <= c[name].instructions, name
