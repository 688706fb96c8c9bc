"""The maps of running programs on a terminal, drawn anew each half second, or as lines off it."""

from __future__ import annotations

import contextlib
import logging
import selectors
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Protocol, TextIO

from osmia.cli.observation import Observation, Observer, Table, printable

__all__ = ["show"]

_REDRAW, _LINES = 0.5, 1.0
"""Seconds between two looks, on a terminal and off it."""
_MOST_LOG_LINES = 200
_SCREEN, _NO_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"

_logger = logging.getLogger("osmia.kernel")


def show(observer: Observer, title: str, attach: Callable[[], None], output: TextIO = sys.stdout) -> None:
    """Show what the programs say until the user ends it with Ctrl-C, which is not caught here.

    `attach` makes them speak; it is called when everything is ready to show their first word.
    """
    view: _View = _Screen(title, output) if output.isatty() else _Lines(output)
    with view.opened(), selectors.DefaultSelector() as selector:
        for descriptor in observer.descriptors():
            selector.register(descriptor, selectors.EVENT_READ)
        try:
            attach()
            while True:
                _wait(observer, selector, view.interval)
                view.update(observer.look())
        finally:
            view.end(observer.look())


def _wait(observer: Observer, selector: selectors.BaseSelector, seconds: float) -> None:
    """Take events as they come, for a time, so that their buffers do not fill."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if not selector.get_map():
            time.sleep(left)
        elif selector.select(left):
            observer.drain()


class _View(Protocol):
    interval: float

    def opened(self) -> contextlib.AbstractContextManager[None]:
        """What holds while it is shown."""
        ...

    def update(self, seen: Observation) -> None:
        """Show the next look."""
        ...

    def end(self, seen: Observation) -> None:
        """Show the last one."""
        ...


class _Lines:
    """One line for each event and each entry that changed; histograms at the end."""

    interval = _LINES

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._shown: dict[str, Table] = {}

    @contextlib.contextmanager
    def opened(self) -> Generator[None]:
        yield

    def update(self, seen: Observation) -> None:
        lines: list[str] = []
        for events in seen.events:
            if not events.arrived:
                continue
            skipped = events.arrived - len(events.newest)
            lines += [f"{events.name}: ({skipped:,} more events)"] if skipped else []
            lines += [f"{events.name}: {text}" for text in events.newest]
            lines.append(f"{events.name}: {events.per_second:,.0f} events/s, {events.lost:,} lost")
        for table in seen.tables:
            lines += self._changed(table)
        if lines:
            print("\n".join(lines), file=self._output, flush=True)

    def _changed(self, table: Table) -> list[str]:
        before = self._shown.get(table.name)
        self._shown[table.name] = table
        known = {} if before is None else {row.key: row.value for row in before.rows}
        lines = [
            f"{table.name}[{row.key}] = {row.value}" + _rate(row.per_second)
            for row in table.rows
            if known.get(row.key) != row.value
        ]
        if lines and table.more:
            lines.append(f"({table.more:,} more entries of {table.name})")
        return lines

    def end(self, seen: Observation) -> None:
        self.update(seen)
        for name, histogram in seen.histograms:
            print(f"{name}\n{histogram.text()}", file=self._output, flush=True)


class _Screen:
    """The whole terminal, drawn anew at each look; the last picture stays behind."""

    interval = _REDRAW

    def __init__(self, title: str, output: TextIO) -> None:
        self._title = title
        self._output = output
        self._log: deque[str] = deque(maxlen=_MOST_LOG_LINES)
        self._events: dict[str, deque[str]] = {}

    @contextlib.contextmanager
    def opened(self) -> Generator[None]:
        """The screen is ours; log lines of kernel code go into the picture."""
        handler = _LogLines(self._log)
        propagated = _logger.propagate
        _logger.addHandler(handler)
        _logger.propagate = False
        self._output.write(_SCREEN)
        try:
            yield
        finally:
            _logger.propagate = propagated
            _logger.removeHandler(handler)

    def update(self, seen: Observation) -> None:
        columns, height = shutil.get_terminal_size()
        lines = self._picture(seen, columns, height)
        body = "".join(f"{line}{_END_OF_LINE}\n" for line in lines)
        self._output.write(f"{_HOME}{body}{_END_OF_SCREEN}")
        self._output.flush()

    def end(self, seen: Observation) -> None:
        columns, height = shutil.get_terminal_size()
        lines = self._picture(seen, columns, height)
        self._output.write(_NO_SCREEN + "\n".join(lines) + "\n")
        self._output.flush()

    def _picture(self, seen: Observation, columns: int, height: int) -> list[str]:
        sections = [*self._sections(seen, columns)]
        room = max((height - 2) // max(len(sections), 1) - 2, 1)
        lines = [f"{self._title}   {seen.seconds:.0f} s   Ctrl-C ends it"]
        for heading, body, newest_last in sections:
            kept = body[-room:] if newest_last else body[:room]
            lines += ["", heading, *(f"  {line}" for line in kept)]
        return [line[: columns - 1] for line in lines[: height - 1]]

    def _sections(self, seen: Observation, columns: int) -> Iterator[tuple[str, list[str], bool]]:
        """Heading and lines, and whether the last lines are those to be kept."""
        for table in seen.tables:
            more = f"   {table.more:,} more entries" if table.more else ""
            yield f"{table.name}{more}", _table_lines(table), False
        for name, histogram in seen.histograms:
            yield f"{name}   {histogram.total:,} values", histogram.text(width=columns - 3).split("\n"), False
        for events in seen.events:
            recent = self._events.setdefault(events.name, deque(maxlen=_MOST_LOG_LINES))
            recent.extend(events.newest)
            heading = (
                f"{events.name}   {events.total:,} events   {events.per_second:,.0f}/s   {events.lost:,} lost"
            )
            yield heading, list(recent), True
        if self._log:
            yield "log", list(self._log), True


class _LogLines(logging.Handler):
    """Log records as lines of the picture."""

    def __init__(self, lines: deque[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(printable(record.getMessage()))


def _table_lines(table: Table) -> list[str]:
    keys = max((len(row.key) for row in table.rows), default=0)
    values = max((len(row.value) for row in table.rows), default=0)
    return [f"{row.key:<{keys}}  {row.value:>{values}}{_rate(row.per_second)}" for row in table.rows]


def _rate(per_second: float | None) -> str:
    return f"  ({per_second:+,.1f}/s)" if per_second else ""
