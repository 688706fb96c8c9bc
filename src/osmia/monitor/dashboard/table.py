"""A table that draws only the rows that are seen, however many there are."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from osmia.monitor.dashboard.columns import TableSpec, fit_columns, select_rows
from osmia.monitor.filter import RowFilter, parse_filter
from osmia.monitor.model import Snapshot

__all__ = ["SnapshotTable"]


class SnapshotTable(ScrollView, can_focus=True):
    """One table of the dashboard. The row under the cursor stays selected when rows change place."""

    DEFAULT_CSS = """
    SnapshotTable { height: 1fr; overflow-x: hidden; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--header", "table--cursor", "table--sorted"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "move_page(-1)", show=False),
        Binding("pagedown", "move_page(1)", show=False),
        Binding("home,g", "move(-1000000000)", show=False),
        Binding("end,G", "move(1000000000)", show=False),
    ]

    class Changed(Message):
        """Another row is under the cursor, or it has other numbers."""

    def __init__(self, spec: TableSpec) -> None:
        super().__init__(id=spec.name)
        self.spec = spec
        self.filter_text = ""
        self._filter: RowFilter | None = None
        self._sorted_by = spec.sorted_by
        self._reverse = False
        self._snapshot: Snapshot | None = None
        self._rows: list[Any] = []
        self._cursor = 0
        self._columns: list[tuple[int, int]] = []

    @property
    def row(self) -> Any | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def row_count(self) -> int:
        """Rows that pass the filter."""
        return len(self._rows)

    @property
    def order_text(self) -> str:
        """What the rows are sorted by, in words."""
        column = self.spec.columns[self._sorted_by]
        return f"{column.title} {'▼' if column.numeric != self._reverse else '▲'}"

    def show(self, snapshot: Snapshot) -> None:
        """Draw another snapshot."""
        self._snapshot = snapshot
        self._select()

    def set_filter(self, text: str) -> None:
        """Show only rows that match. Raises UsageError."""
        self._filter = parse_filter(text) if text.strip() else None
        self.filter_text = text.strip()
        self._select()

    def sort_by_next(self) -> None:
        """Sort by the next column."""
        self._sorted_by = (self._sorted_by + 1) % len(self.spec.columns)
        self._reverse = False
        self._select()

    def reverse(self) -> None:
        """Turn the order around."""
        self._reverse = not self._reverse
        self._select()

    def action_move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self._cursor = max(0, min(len(self._rows) - 1, self._cursor + rows))
        self._reveal()
        self.post_message(self.Changed())

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.action_move(pages * max(1, self.size.height - 2))

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns anew."""
        self._layout_rows()

    def on_click(self, event: events.Click) -> None:
        """The header sorts, a row is selected."""
        if event.y == 0:
            self._click_header(event.x)
        else:
            self.action_move(event.y - 1 + self.scroll_offset.y - self._cursor)

    def render_line(self, y: int) -> Strip:
        """One line of the terminal: the header stays on top."""
        width = self.scrollable_content_region.width
        if y == 0:
            return self._header().adjust_cell_length(width, self.get_component_rich_style("table--header"))
        index = y - 1 + self.scroll_offset.y
        if index >= len(self._rows):
            text = f" {self._empty_text()}" if y == 2 and not self._rows else ""
            return Strip([Segment(text, self.rich_style)]).adjust_cell_length(width, self.rich_style)
        style = self.rich_style
        if index == self._cursor:
            style = self.get_component_rich_style("table--cursor") + Style(reverse=not self.has_focus or None)
        assert self._snapshot is not None
        row = self._rows[index]
        cells = [
            self._cell(number, size, self.spec.columns[number].cell(row, self._snapshot))
            for number, size in self._columns
        ]
        return Strip([Segment(" ".join(cells), style)]).adjust_cell_length(width, style)

    def _header(self) -> Strip:
        plain = self.get_component_rich_style("table--header")
        marked = self.get_component_rich_style("table--sorted")
        segments: list[Segment] = []
        for number, size in self._columns:
            title = self.spec.columns[number].title
            if number == self._sorted_by:
                title = self.order_text.replace(" ", "")
            style = marked if number == self._sorted_by else plain
            segments += [Segment(self._cell(number, size, title), style), Segment(" ", plain)]
        return Strip(segments)

    def _cell(self, number: int, size: int, text: str) -> str:
        if len(text) > size:
            text = text[: size - 1] + "…"
        return text.rjust(size) if self.spec.columns[number].numeric else text.ljust(size)

    def _empty_text(self) -> str:
        return f"nothing matches {self.filter_text}" if self.filter_text else self.spec.empty

    def _click_header(self, x: int) -> None:
        left = 0
        for number, size in self._columns:
            if left <= x < left + size + 1:
                if number == self._sorted_by:
                    self.reverse()
                else:
                    self._sorted_by, self._reverse = number, False
                    self._select()
                return
            left += size + 1

    def _select(self) -> None:
        if self._snapshot is None:
            return
        selected = None if self.row is None else self.spec.identity(self.row)
        self._rows = select_rows(self.spec, self._snapshot, self._filter, self._sorted_by, self._reverse)
        kept = next((i for i, row in enumerate(self._rows) if self.spec.identity(row) == selected), None)
        self._cursor = kept if kept is not None else max(0, min(self._cursor, len(self._rows) - 1))
        self._layout_rows()
        self.post_message(self.Changed())

    def _layout_rows(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self._columns = fit_columns(self.spec.columns, max(1, self.scrollable_content_region.width))
        self.refresh()

    def _reveal(self) -> None:
        """Scroll so that the cursor is seen below the header."""
        top = self.scroll_offset.y
        visible = max(1, self.size.height - 1)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + visible:
            self.scroll_to(y=self._cursor - visible + 1, animate=False)
        self.refresh(Region(0, 0, self.size.width, self.size.height))
