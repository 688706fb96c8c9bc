"""The first page: interfaces, rates over time, the largest sources, alerts, what was lost."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from osmia.monitor.dashboard.charts import bar_chart
from osmia.monitor.export.text import format_age, format_bytes, format_count, format_rate
from osmia.monitor.model import Interface, Snapshot, TrafficCount

__all__ = ["Overview"]

LABEL = 9


class Overview(Widget, can_focus=True):
    """Drawn anew from each snapshot, as large as there is room."""

    DEFAULT_CSS = """
    Overview { height: 1fr; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="overview")
        self._snapshot: Snapshot | None = None

    def show(self, snapshot: Snapshot) -> None:
        """Draw another snapshot."""
        self._snapshot = snapshot
        self.refresh()

    def render(self) -> Text:
        """All of the page."""
        if self._snapshot is None:
            return Text("waiting for the first numbers …", style="dim")
        return overview_text(self._snapshot, max(40, self.size.width - 2), max(12, self.size.height))


def overview_text(snapshot: Snapshot, width: int, height: int) -> Text:
    """The page as text of so many columns and lines."""
    text = Text(no_wrap=True, overflow="crop")
    foot = _footer(snapshot, width)
    tables = max(5, min(12, (height - 6) // 2))
    chart_height = max(1, min(8, (height - len(snapshot.interfaces) - 2 - tables - len(foot) - 2) // 2))
    _append_interfaces(text, snapshot)
    text.append("\n")
    _append_charts(text, snapshot, width, chart_height)
    used = len(snapshot.interfaces) + 2 + 2 * chart_height + len(foot) + 1
    rows = max(1, height - used - 1)
    left, right = _sources(snapshot, rows), _alerts(snapshot, rows)
    half = max(38, width // 3)
    text.append("\n")
    for index in range(rows + 1):
        one = left[index] if index < len(left) else ""
        two = right[index] if index < len(right) else ""
        text.append(f"{one[: half - 1]:<{half}}{two[: width - half]}\n", style="bold" if index == 0 else "")
    for line, style in foot:
        text.append(line[:width] + "\n", style=style)
    text.rstrip()
    return text


def _append_interfaces(text: Text, snapshot: Snapshot) -> None:
    text.append(
        f"{'Interface':<20}{'In':>12}{'Out':>12}{'Dropped':>12}{'In total':>11}{'Out total':>11}\n", "bold"
    )
    for interface in snapshot.interfaces:
        name = f"{interface.name[:11]} {interface.mode.value}"
        text.append(
            f"{name:<20}{format_rate(interface.received.bytes_per_second):>12}"
            f"{_out(interface):>12}{format_rate(interface.dropped.bytes_per_second):>12}"
            f"{format_bytes(interface.received.bytes):>11}{format_bytes(interface.sent.bytes):>11}\n"
        )


def _out(interface: Interface) -> str:
    return format_rate(interface.sent.bytes_per_second) if interface.counts_egress else "not counted"


def _append_charts(text: Text, snapshot: Snapshot, width: int, height: int) -> None:
    for title, count, values, style in (
        ("In", snapshot.received, [point.received for point in snapshot.history], "green"),
        ("Out", snapshot.sent, [point.sent for point in snapshot.history], "cyan"),
    ):
        labels = [title, format_rate(count.bytes_per_second), _packets(count)]
        for row, line in enumerate(bar_chart(values, width - LABEL - 5, height)):
            text.append(
                f"{labels[row] if row < len(labels) else '':<{LABEL + 4}} ", "bold" if row == 0 else ""
            )
            text.append(line + "\n", style)


def _packets(count: TrafficCount) -> str:
    return f"{format_count(count.packets_per_second)} pkt/s"


def _sources(snapshot: Snapshot, rows: int) -> list[str]:
    largest = sorted(snapshot.sources, key=lambda s: (-s.received.bytes_per_second, -s.received.bytes))[:rows]
    lines = ["Largest sources"]
    longest = max((len(str(source.address)) for source in largest), default=0)
    for source in largest:
        mark = f" {format_count(source.blocked_packets)} dropped" if source.blocked_packets else ""
        lines.append(
            f"{source.address!s:<{longest}} {format_rate(source.received.bytes_per_second):>10}{mark}"
        )
    return lines if largest else [*lines, "nobody has sent anything yet"]


def _alerts(snapshot: Snapshot, rows: int) -> list[str]:
    lines = ["Alerts"]
    for alert in snapshot.alerts[:rows]:
        state = "now" if alert.active else f"{format_age((snapshot.clock_ns - alert.last_seen_ns) / 1e9)} ago"
        lines.append(f"! {alert.source} {alert.technique.name} scan, {alert.probes} probes, {state}")
    return lines if snapshot.alerts else [*lines, "nothing suspicious so far"]


def _footer(snapshot: Snapshot, width: int) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    if snapshot.reasons:
        reasons = ", ".join(
            f"{name.replace('_', ' ')} {format_count(count)}" for name, count in snapshot.reasons
        )
        lines.append((f"Not parsed to the end: {reasons}", ""))
    losses = snapshot.losses
    if losses.any:
        evicted = f"{losses.sources_evicted} sources and {losses.connections_evicted} connections evicted"
        lines.append((f"Lost: {losses.reports} reports, {evicted}, {losses.rows_refused} refused", "bold"))
    lines += [(f"Note: {notice}", "bold") for notice in snapshot.notices[:3]]
    return lines
