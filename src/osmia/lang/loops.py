"""Loops that are too long for the verifier to walk."""

from __future__ import annotations

from typing import SupportsIndex

__all__ = ["MOST_TURNS", "loop"]

MOST_TURNS = 1 << 23
"""BPF_MAX_LOOPS."""


def loop(count: SupportsIndex) -> range:
    """`range(count)` for many turns: the verifier looks at the body once, not at each turn (bpf_loop).

    `for i in range(n)` is walked turn by turn, and all turns together may have a million instructions;
    `for i in osmia.loop(n)` may have 8,388,608 turns; a greater count makes no more. Since Linux 5.17.

        for i in osmia.loop(100_000):
            ...
    """
    return range(min(count.__index__(), MOST_TURNS))
