"""Bucket counts of a histogram as user space has them, with their text and their picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from osmia.dataclass import dataclass

__all__ = ["Bucket", "Histogram", "Histograms"]

K = TypeVar("K")

_SUFFIXES = ("", "K", "M", "G", "T", "P", "E")
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NARROWEST_BAR, _WIDEST_BAR = 10, 60
_ROW_HEIGHT, _LABEL_WIDTH, _BAR_WIDTH, _COUNT_WIDTH = 18, 130, 360, 90
"""Of the picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Values from `low` to `high`, both included (None: without a bound), and how many there were."""

    low: int | None
    high: int | None
    count: int

    @property
    def label(self) -> str:
        """The range, half open as in mathematics; powers of two with K, M, G for 2^10, 2^20, 2^30."""
        if self.low is None:
            return "any" if self.high is None else f"< {_short(self.high + 1)}"
        if self.high is None:
            return f"≥ {_short(self.low)}"
        if self.low == self.high:
            return f"[{_short(self.low)}]"
        return f"[{_short(self.low)}, {_short(self.high + 1)})"


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often values fell into each bucket: all buckets in order, those without a value too."""

    buckets: tuple[Bucket, ...]

    @property
    def total(self) -> int:
        """How many values were recorded."""
        return sum(bucket.count for bucket in self.buckets)

    def percentile(self, percent: float) -> Bucket | None:
        """The bucket that this share of the values, from 0 to 100, does not exceed; None without values.

        Raises:
            ValueError: the share is no percentage.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"a percentile lies between 0 and 100, not at {percent}")
        wanted, seen = self.total * percent / 100, 0
        for bucket in self.buckets:
            seen += bucket.count
            if bucket.count and seen >= wanted:
                return bucket
        return None

    def __sub__(self, earlier: Histogram) -> Histogram:
        """What came in between: this one without the counts of an earlier one of the same map."""
        pairs = zip(self.buckets, earlier.buckets, strict=True)
        return Histogram(tuple(Bucket(new.low, new.high, new.count - old.count) for new, old in pairs))

    def shown(self) -> tuple[Bucket, ...]:
        """The buckets from the first to the last one that has values."""
        filled = [number for number, bucket in enumerate(self.buckets) if bucket.count]
        return self.buckets[filled[0] : filled[-1] + 1] if filled else ()

    def text(self, unit: str = "", width: int | None = None) -> str:
        """Bars of text, `width` columns wide, or as wide as the terminal; one line for each bucket.

        `unit` is what the values are, for the heading.
        """
        shown = self.shown()
        if not shown:
            return "no values"
        from shutil import get_terminal_size  # noqa: PLC0415 - not for a start

        columns = get_terminal_size().columns if width is None else width
        labels = [bucket.label for bucket in shown]
        counts = [f"{bucket.count:,}" for bucket in shown]
        label_width = max(len(unit), *map(len, labels))
        count_width = max(len("count"), *map(len, counts))
        # Two blanks between columns, and seven for the share.
        bar_width = min(max(columns - label_width - count_width - 13, _NARROWEST_BAR), _WIDEST_BAR)
        most, total = max(bucket.count for bucket in shown), self.total
        lines = [f"{unit:<{label_width}}  {'count':>{count_width}}  {'share':>7}"]
        for bucket, label, count in zip(shown, labels, counts, strict=True):
            share = f"{bucket.count / total:.1%}"
            bar = _bar(bucket.count, most, bar_width)
            lines.append(f"{label:<{label_width}}  {count:>{count_width}}  {share:>7}  {bar}".rstrip())
        return "\n".join(lines)

    def svg(self, title: str = "") -> str:
        """The bars as an SVG picture, in the colour of the text around it.

        It is written out here: some rectangles and labels are no reason for a plotting library.
        """
        shown = self.shown()
        top = _ROW_HEIGHT + 4 if title else 0
        width = _LABEL_WIDTH + _BAR_WIDTH + _COUNT_WIDTH
        height = top + _ROW_HEIGHT * max(len(shown), 1)
        most = max((bucket.count for bucket in shown), default=0)
        from html import escape  # noqa: PLC0415 - not for a start

        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
            f' width="{width}" height="{height}" font-family="sans-serif" font-size="12"',
            ' fill="currentColor">',
        ]
        if title:
            lines.append(f"<title>{escape(title)}</title>")
            lines.append(f'<text x="{_LABEL_WIDTH}" y="14" font-weight="bold">{escape(title)}</text>')
        if not shown:
            lines.append(f'<text x="{_LABEL_WIDTH}" y="{top + 13}">no values</text>')
        for number, bucket in enumerate(shown):
            y = top + number * _ROW_HEIGHT
            length = round(_BAR_WIDTH * bucket.count / most, 1)
            lines.append(
                f'<text x="{_LABEL_WIDTH - 8}" y="{y + 13}" text-anchor="end">{escape(bucket.label)}</text>'
                f'<rect x="{_LABEL_WIDTH}" y="{y + 2}" width="{length}" height="{_ROW_HEIGHT - 4}" '
                'opacity="0.65"/>'
                f'<text x="{_LABEL_WIDTH + length + 6}" y="{y + 13}">{bucket.count:,}</text>'
            )
        return "\n".join([*lines, "</svg>\n"])


class Histograms(Mapping[K, Histogram]):
    """A histogram for each key, as they were when they were read."""

    def __init__(self, histograms: Mapping[K, Histogram], lost: int) -> None:
        self._histograms = dict(histograms)
        self.lost = lost
        """Values that were not counted since the start, because the map had no room for another bucket."""

    def __getitem__(self, key: K) -> Histogram:
        return self._histograms[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._histograms)

    def __len__(self) -> int:
        return len(self._histograms)

    def __repr__(self) -> str:
        return f"Histograms({self._histograms!r}, lost={self.lost})"


def _short(number: int) -> str:
    """A number of a label: 4096 as 4K, others as they are."""
    power = 0
    while number and number % 1024 == 0 and power + 1 < len(_SUFFIXES):
        number, power = number // 1024, power + 1
    return f"{number:,}{_SUFFIXES[power]}"


def _bar(count: int, most: int, width: int) -> str:
    """A bar in eighths of a column; anything but nothing can be seen."""
    eighths = max(round(count * width * 8 / most), 1) if count else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
