"""The dashboard: six pages over the service's last snapshot."""

from __future__ import annotations

import ipaddress
import signal
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message
from textual.widgets import ContentSwitcher, Input, Static

from osmia.errors import OsmiaError
from osmia.monitor.dashboard.columns import ALERTS, CONNECTIONS, PROCESSES, RULES, SOURCES, TableSpec
from osmia.monitor.dashboard.dialogs import ConfirmScreen, HelpScreen
from osmia.monitor.dashboard.overview import Overview
from osmia.monitor.dashboard.table import SnapshotTable
from osmia.monitor.export.text import format_rate
from osmia.monitor.history import HistoryReader
from osmia.monitor.history.store import SLOT_SECONDS
from osmia.monitor.lists.rules import Rule
from osmia.monitor.model import Network, RuleAction, RuleState, Snapshot, SourceOfPackets
from osmia.monitor.service import Service

__all__ = ["MonitorApp", "run_dashboard"]

FRAMES_PER_SECOND = 4
BLOCK_SECONDS = 4 * 3600.0
TABLES = (SOURCES, CONNECTIONS, ALERTS, RULES, PROCESSES)
PAGES = ("overview", *(table.name for table in TABLES))
KEYS = " s sort  r reverse  / filter  b block  a allow  u remove  ␣ pause  ? help  q quit"
MARKS = {
    SourceOfPackets.LIVE: "live",
    SourceOfPackets.DEMO: "DEMO",
    SourceOfPackets.REPLAY: "REPLAY",
    SourceOfPackets.GENERATED: "GENERATED",
    SourceOfPackets.HISTORY: "HISTORY",
}


class PageBar(Static):
    """The names of the pages; a click opens one."""

    class Chosen(Message):
        """A page was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.page = name

    def __init__(self) -> None:
        super().__init__(id="pages")
        self._ends: list[tuple[int, str]] = []

    def show(self, pages: list[tuple[str, str]], current: str) -> None:
        """Draw them; the current one is marked also without colours."""
        self._ends.clear()
        text = Text(no_wrap=True, overflow="crop")
        for number, (name, title) in enumerate(pages, start=1):
            label = f"[{number} {title}]" if name == current else f" {number} {title} "
            text.append(label, "bold reverse" if name == current else "")
            self._ends.append((len(text.plain), name))
        self.update(text)

    def on_click(self, event: Click) -> None:
        """Open the page under the mouse."""
        for end, name in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(name))
                return


class MonitorApp(App[int]):
    """Shows what a service collects. It takes the newest snapshot at each frame; others are never drawn."""

    CSS = """
    Screen { layers: base; }
    #title, #pages, #keys { height: 1; width: 1fr; }
    #title { background: $primary-darken-2; color: $text; }
    #detail { height: 2; padding: 0 1; display: none; }
    #detail.open { display: block; }
    #keys { color: $text-muted; }
    #filter { height: 1; border: none; padding: 0 1; display: none; }
    #filter.open { display: block; }
    ContentSwitcher { height: 1fr; }
    SnapshotTable > .table--header { text-style: bold; background: $panel; }
    SnapshotTable > .table--sorted { text-style: bold underline; background: $panel; }
    SnapshotTable > .table--cursor { text-style: bold reverse; }
    """
    TITLE = "osmia monitor"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"page('{name}')", show=False) for number, name in enumerate(PAGES, start=1)),
        Binding("tab", "next_page(1)", show=False, priority=True),
        Binding("shift+tab", "next_page(-1)", show=False, priority=True),
        Binding("space", "pause", show=False),
        Binding("left_square_bracket", "go(-1)", show=False),
        Binding("right_square_bracket", "go(1)", show=False),
        Binding("left_curly_bracket", "go(-60)", show=False),
        Binding("right_curly_bracket", "go(60)", show=False),
        Binding("s", "sort", show=False),
        Binding("r", "reverse", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "end_filter", show=False),
        Binding("b", "add_rule('block')", show=False),
        Binding("a", "add_rule('allow')", show=False),
        Binding("u", "remove_rule", show=False),
        Binding("question_mark", "help", show=False),
        Binding("q", "quit", show=False),
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(self, service: Service, *, duration: float | None = None) -> None:
        super().__init__()
        self._service = service
        self._duration = duration
        self._shown: Snapshot | None = None
        self._paused = False

    def compose(self) -> ComposeResult:
        """Title, pages, the current page, filter, keys."""
        yield Static(id="title")
        yield PageBar()
        with ContentSwitcher(initial="overview"):
            yield Overview()
            for table in TABLES:
                yield SnapshotTable(table)
        yield Input(id="filter", placeholder="port:443 src:10.0.0.0/8 !proto:udp", select_on_focus=False)
        yield Static(id="detail", markup=False)
        yield Static(KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        """Begin to take snapshots."""
        self.query_one(Overview).focus()
        self.set_interval(1 / FRAMES_PER_SECOND, self.take)
        if self._duration is not None:
            self.set_timer(self._duration, self.exit)
        self.take()

    def take(self) -> None:
        """Draw the newest snapshot, where there is a newer one and the picture is not paused."""
        if self._service.failure is not None:
            self.exit()
            return
        newest = self._service.latest
        if newest is not None and newest is not self._shown and not self._paused:
            self._show(newest)

    def _show(self, snapshot: Snapshot) -> None:
        self._shown = snapshot
        self.query_one(Overview).show(snapshot)
        for table in self.query(SnapshotTable):
            if table.id == self._page:
                table.show(snapshot)
        self._draw_bars()

    def on_snapshot_table_changed(self, message: SnapshotTable.Changed) -> None:
        """The selected row has a line of its own."""
        message.stop()
        self._draw_detail()

    def on_page_bar_chosen(self, message: PageBar.Chosen) -> None:
        """Open the page that was clicked."""
        self.action_page(message.page)

    def action_page(self, name: str) -> None:
        """Open a page."""
        self.query_one(ContentSwitcher).current = name
        table = self._table
        if table is not None:
            if self._shown is not None:
                table.show(self._shown)
            table.focus()
        else:
            self.query_one(Overview).focus()
        self._draw_detail()
        self._draw_bars()

    def action_next_page(self, step: int) -> None:
        """Open the next page."""
        if len(self.screen_stack) == 1:
            self.action_page(PAGES[(PAGES.index(self._page) + step) % len(PAGES)])
        else:
            self.screen.focus_next()

    def action_pause(self) -> None:
        """Freeze the picture, not the counting."""
        self._paused = not self._paused
        self.take()
        self._draw_bars()

    def action_go(self, minutes: int) -> None:
        """Back into the history by so many minutes, or forward; behind its end the picture lives again."""
        shown, path = self._shown, self._service.history
        if path is None or shown is None:
            self.notify("nothing is recorded here: history.record is off")
            return
        in_past = shown.packets_from is SourceOfPackets.HISTORY
        if minutes > 0 and not in_past:
            return
        begin = shown.taken - SLOT_SECONDS if in_past else shown.taken
        self._paused = True

        def work() -> None:
            found = _recorded(path, begin + minutes * SLOT_SECONDS)
            if isinstance(found, str):
                self.call_from_thread(self.notify, found, markup=False)
            elif found is not None and (minutes < 0 or found.taken > shown.taken):
                self.call_from_thread(self._show_past, found)
            elif minutes > 0:
                self.call_from_thread(self._live)
            else:
                self.call_from_thread(self.notify, "the record begins here")

        self.run_worker(work, thread=True, exclusive=True, group="history")

    def _show_past(self, snapshot: Snapshot) -> None:
        if self._paused:
            self._show(snapshot)

    def _live(self) -> None:
        self._paused = False
        self.take()
        self._draw_bars()

    def action_sort(self) -> None:
        """Sort by the next column."""
        if self._table is not None:
            self._table.sort_by_next()

    def action_reverse(self) -> None:
        """Turn the order around."""
        if self._table is not None:
            self._table.reverse()

    def action_filter(self) -> None:
        """Ask for a filter of the current table."""
        if self._table is None:
            self.action_page(SOURCES.name)
        field = self.query_one("#filter", Input)
        field.value = self._table.filter_text if self._table is not None else ""
        field.add_class("open")
        field.focus()

    def action_end_filter(self) -> None:
        """Show all rows again."""
        self.query_one("#filter", Input).remove_class("open")
        if self._table is not None:
            self._table.set_filter("")
            self._table.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the filter; a wrong one stays to be corrected."""
        if self._table is None:
            return
        try:
            self._table.set_filter(event.value)
        except OsmiaError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        event.input.remove_class("open")
        self._table.focus()

    async def action_add_rule(self, verb: str) -> None:
        """Block or allow the selected row's source, after a confirmation."""
        action = RuleAction(verb)
        table, snapshot = self._table, self._shown
        row = None if table is None else table.row
        if table is None or snapshot is None or row is None or table.spec.network is None:
            self.notify("select a row of Sources, Connections or Alerts first")
            return
        network = ipaddress.ip_network(str(table.spec.network(row)))
        question = _question(action, network, snapshot)

        def answered(yes: bool | None) -> None:
            if yes:
                now = self._service.wall_clock()
                reason = f"{verb}ed from the {table.spec.title.lower()} page"
                expires = now + BLOCK_SECONDS if action is RuleAction.BLOCK else None
                self._do(
                    lambda: self._service.add_rule(Rule(network, action, reason, "dashboard", now, expires))
                )

        await self.push_screen(ConfirmScreen(question), answered)

    async def action_remove_rule(self) -> None:
        """Take the selected rule away, after a confirmation."""
        table = self._table
        rule = table.row if table is not None and table.spec is RULES else None
        if not isinstance(rule, RuleState):
            self.notify("select a rule of Lists (page 5) first")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(lambda: self._service.remove_rule(rule.action, rule.network))

        await self.push_screen(
            ConfirmScreen(f"Take the rule away that {rule.action.value}s {rule.network}?"), answered
        )

    async def action_help(self) -> None:
        """The keys."""
        await self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        """End."""
        self.exit()

    @property
    def shown(self) -> Snapshot | None:
        """The snapshot that is on the screen."""
        return self._shown

    @property
    def _page(self) -> str:
        return self.query_one(ContentSwitcher).current or "overview"

    @property
    def _table(self) -> SnapshotTable | None:
        name = self._page
        return None if name == "overview" else self.query_one(f"#{name}", SnapshotTable)

    def _do(self, change: Callable[[], str]) -> None:
        """Change a list in a thread, since it writes a file, and say what was done."""

        def work() -> None:
            try:
                self.call_from_thread(self.notify, change(), markup=False)
            except OsmiaError as error:
                self.call_from_thread(self.notify, str(error), severity="error", markup=False)

        self.run_worker(work, thread=True)

    def _draw_detail(self) -> None:
        """What the table has no room for, of the selected row."""
        detail = self.query_one("#detail", Static)
        table = self._table
        text = "" if table is None or table.row is None else table.spec.detail(table.row)
        detail.set_class(bool(text), "open")
        detail.update(Text(text))

    def _draw_bars(self) -> None:
        snapshot = self._shown
        if snapshot is None:
            return
        state = "PAUSED " if self._paused else ""
        if snapshot.packets_from is SourceOfPackets.HISTORY:
            state = (
                datetime.fromtimestamp(snapshot.taken - SLOT_SECONDS).astimezone().strftime("%m-%d %H:%M ")
            )
        title = (
            f" osmia monitor  {MARKS[snapshot.packets_from]}  {state}"
            f"in {format_rate(snapshot.received.bytes_per_second)}  "
            f"out {format_rate(snapshot.sent.bytes_per_second)}  "
            f"dropped {snapshot.dropped.packets}"
        )
        active = sum(alert.active for alert in snapshot.alerts)
        if active:
            title += f"  ! {active} scan{'s' if active > 1 else ''} now"
        self.query_one("#title", Static).update(Text(title, no_wrap=True, overflow="ellipsis"))
        counts = {table.name: len(table.rows(snapshot)) for table in TABLES}
        titles = [("overview", "Overview"), *((table.name, _title(table, counts)) for table in TABLES)]
        self.query_one(PageBar).show(titles, self._page)


def _title(table: TableSpec, counts: dict[str, int]) -> str:
    return f"{table.title} {counts[table.name]}"


def _recorded(path: Path, time: float) -> Snapshot | str | None:
    """The recorded minute of a time; in words why it cannot be had."""
    try:
        return HistoryReader(path).moment(time)
    except OsmiaError as error:
        return str(error)
    except sqlite3.Error as error:
        return f"the history cannot be read: {error}"


def _question(action: RuleAction, network: Network, snapshot: Snapshot) -> str:
    """What a rule would do, in the numbers of now."""
    inside = [s for s in snapshot.sources if s.address.version == network.version and s.address in network]
    cut = [c for c in snapshot.connections if c.remote.version == network.version and c.remote in network]
    rate = sum(source.received.bytes_per_second for source in inside)
    what = (
        f"It sends {format_rate(rate)} now and has {len(cut)} connection{'' if len(cut) == 1 else 's'} here"
    )
    if action is RuleAction.BLOCK:
        return f"Block {network} for 4 hours?\n\n{what}: all of its packets will be dropped."
    return f"Always allow {network}?\n\n{what}. No rule will drop its packets, no probe of it is an alert."


def run_dashboard(service: Service, interval: float, *, duration: float | None = None) -> None:
    """Show a service that was not started yet, until the user ends it. Raises what ended the collector."""
    app = MonitorApp(service, duration=duration)

    def end(number: int, frame: FrameType | None) -> None:
        app.exit(0 if number == signal.SIGINT else 128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    service.start(interval)
    try:
        code = app.run()
    finally:
        service.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
    service.join()
    if code:
        raise SystemExit(code)
