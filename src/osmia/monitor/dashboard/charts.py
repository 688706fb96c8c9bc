"""Rates as rows of block characters."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["bar_chart"]

EIGHTHS = " ▁▂▃▄▅▆▇█"


def bar_chart(values: Sequence[float], width: int, height: int) -> list[str]:
    """The last `width` values, the newest at the right, as `height` lines; the highest one fills them."""
    shown = list(values)[-width:] if width > 0 else []
    highest = max(shown, default=0.0)
    levels = [
        0 if highest <= 0 else max(1 if value > 0 else 0, round(value / highest * height * 8))
        for value in shown
    ]
    lines: list[str] = []
    for row in range(height - 1, -1, -1):
        line = "".join(EIGHTHS[min(8, max(0, level - row * 8))] for level in levels)
        lines.append(line.rjust(width))
    return lines
