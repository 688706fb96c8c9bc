"""Snapshots and lists as plain text, for people without a terminal of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from osmia.monitor.json_values import as_list, as_object

__all__ = ["format_age", "format_bytes", "format_count", "format_rate", "rules_text", "snapshot_text"]

Row = Mapping[str, object]
BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def format_bytes(number: float) -> str:
    """Bytes with a binary prefix and at most four figures: 999 B, 1.2 MiB."""
    unit = BINARY[0]
    for unit in BINARY:
        if number < 999.5 or unit == BINARY[-1]:
            break
        number /= 1024
    return f"{number:.0f} {unit}" if unit == "B" or number >= 99.95 else f"{number:.1f} {unit}"


def format_rate(number: float) -> str:
    """Bytes per second."""
    return f"{format_bytes(number)}/s"


def format_count(number: float) -> str:
    """A number with a decimal prefix where it is long: 1234, 56.7k, 8.9M."""
    if number < 10_000:
        return f"{number:.0f}"
    unit = ""
    for unit in ("k", "M", "G", "T"):
        number /= 1000
        if number < 999.5 or unit == "T":
            break
    return f"{number:.1f}{unit}"


def format_age(seconds: float) -> str:
    """A time span in at most four characters: 0s, 59s, 12m, 3h, 40d."""
    whole = max(0, int(seconds))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def snapshot_text(snapshot: Row) -> str:
    """A snapshot in the shape of `snapshot_to_json`, as tables."""
    lines: list[str] = []
    for interface in _rows(snapshot, "interfaces"):
        received, sent, dropped = (_row(interface, name) for name in ("received", "sent", "dropped"))
        lines.append(
            f"{interface.get('name')} ({interface.get('mode')}): in {_traffic(received)}, "
            f"out {_traffic(sent)}, dropped {_traffic(dropped)}"
        )
    sources = [
        (str(row.get("address")), _number(row, "packets"), _number(row, "bytes"), _rate(row))
        for row in _rows(snapshot, "sources")
    ]
    lines += ["", *_table(("source", "packets", "bytes", "rate"), sources)]
    connections = [
        (
            f"{row.get('protocol')} {_end(row, 'local')}",
            _end(row, "remote"),
            str(row.get("state")),
            _number(_row(row, "received"), "bytes"),
            _number(_row(row, "sent"), "bytes"),
        )
        for row in _rows(snapshot, "connections")
    ]
    lines += ["", *_table(("local", "remote", "state", "in", "out"), connections)]
    for alert in _rows(snapshot, "alerts"):
        lines += ["", f"alert: {alert.get('source')}: {alert.get('reason')}"]
    lines += [f"note: {notice}" for notice in as_list(snapshot.get("notices")) or []]
    return "\n".join(lines)


def rules_text(rules: Iterable[Row], now: float) -> str:
    """List entries as a table; `now` in seconds since the epoch."""
    rows = [
        (
            str(rule.get("network")),
            str(rule.get("reason") or "-"),
            str(rule.get("origin")),
            _expiry(rule.get("expires"), now),
            _number(_row(rule, "dropped"), "packets"),
        )
        for rule in rules
    ]
    return "\n".join(_table(("network", "reason", "origin", "expires", "dropped"), rows))


def _expiry(expires: object, now: float) -> str:
    return f"in {format_age(expires - now)}" if isinstance(expires, (int, float)) else "never"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(len(titles))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [titles, *rows]
    ]


def _rows(row: Row, name: str) -> list[dict[str, object]]:
    return [as_object(item) or {} for item in as_list(row.get(name)) or []]


def _row(row: Row, name: str) -> Row:
    return as_object(row.get(name)) or {}


def _number(row: Row, name: str) -> str:
    value = row.get(name, 0)
    return str(value)


def _rate(row: Row) -> str:
    return format_rate(float(str(row.get("bytes_per_second", 0))))


def _traffic(row: Row) -> str:
    return f"{_number(row, 'packets')} packets, {_number(row, 'bytes')} bytes ({_rate(row)})"


def _end(row: Row, side: str) -> str:
    address = str(row.get(side))
    return (
        f"[{address}]:{row.get(f'{side}_port')}" if ":" in address else f"{address}:{row.get(f'{side}_port')}"
    )
