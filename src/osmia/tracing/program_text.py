"""The text of a generated program: imports, key or event, maps, and one function for each probe."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from osmia.tracing.probes import Probe, ProbeKind
from osmia.tracing.terms import ColumnKind, Number, Term

__all__ = ["MOST_KEYS", "Column", "Handler", "Shape", "program_text"]

MOST_KEYS, MOST_HISTOGRAMS = 16384, 256
"""Rows of a table, and histograms by key: their maps are laid out in advance."""
_BUFFER_BYTES = 1 << 20

_VOCABULARY = (
    "Array",
    "CharArray",
    "Comm",
    "Constant",
    "KprobeContext",
    "Log2Histogram",
    "LruHashMap",
    "PerCpuArray",
    "PerCpuHashMap",
    "RawTracepointContext",
    "RingBuf",
    "TracepointContext",
    "get_smp_processor_id",
    "i16",
    "i32",
    "i64",
    "i8",
    "kprobe",
    "kretprobe",
    "ktime_get_ns",
    "probe_read_kernel_str",
    "probe_read_user_str",
    "raw_tracepoint",
    "struct",
    "tracepoint",
    "u16",
    "u32",
    "u64",
    "u8",
)
_CONTEXTS = {
    ProbeKind.TRACEPOINT: "TracepointContext",
    ProbeKind.RAW_TRACEPOINT: "RawTracepointContext",
    ProbeKind.KPROBE: "KprobeContext",
    ProbeKind.KRETPROBE: "KprobeContext",
}


@dataclass(frozen=True)
class Column:
    """One value of a key or event: its title, its field in the program's struct, and what it is."""

    title: str
    field: str
    kind: ColumnKind


@dataclass(frozen=True)
class Handler:
    """What runs at one probe."""

    probe: Probe
    filtered: tuple[tuple[str, str], ...]
    """Variables that the filter needs, with their sources, in order."""
    condition: str
    """The filter; empty where there is none."""
    computed: tuple[tuple[str, str], ...]
    """Variables that are needed behind the filter."""
    terms: tuple[Term, ...]
    """The columns' values."""
    value: Term | None
    """What is summed up or goes into the histogram; None to count."""
    needed_text: int
    """The bytes that a `Text` must have."""


@dataclass(frozen=True)
class Shape:
    """What all functions of a program share."""

    sends_events: bool
    is_histogram: bool
    columns: tuple[Column, ...]
    text_size: int
    """Bytes of the type `Text`."""
    value_type: str
    """The type of what is added up."""


def program_text(shape: Shape, handlers: Sequence[Handler], since: Sequence[Probe]) -> str:
    """The whole program. User space finds in it `own_pid`, `lost`, and `events`, `totals` or `histogram`."""
    names: set[str] = set()
    functions = [_function(shape, handler, bool(since), names) for handler in handlers]
    functions += [_start_function(probe, names) for probe in since]
    definitions = "\n".join(_definitions(shape, bool(since)))
    body = "\n\n\n".join([definitions.strip("\n"), *functions])
    if re.search(r"\bText\b", body):
        body = f"Text = CharArray[Literal[{shape.text_size}]]\n\n{body}"
    typing = "from typing import Literal\n\n" if re.search(r"\bLiteral\b", body) else ""
    used = [name for name in _VOCABULARY if re.search(rf"\b{name}\b", body)]
    imports = "from osmia import (\n" + "".join(f"    {name},\n" for name in used) + ")\n"
    return f'"""A program of `osmia trace`."""\n\n{typing}{imports}\n{body}\n'


def _definitions(shape: Shape, timed: bool) -> Iterator[str]:
    if shape.columns:
        yield from ("", "@struct", f"class {'Event' if shape.sends_events else 'Key'}:")
        yield from (f"    {column.field}: {column.kind.type_name}" for column in shape.columns)
        yield from ("", "")
    yield "own_pid = Constant(u32(0))"
    yield "lost = PerCpuArray(u64, max_entries=1)"
    if timed:
        # A thread that never comes to the end must not keep the room of one that does.
        yield f"started = LruHashMap(u32, u64, max_entries={MOST_KEYS})"
    if shape.sends_events:
        yield f"events = RingBuf(Event, byte_size={_BUFFER_BYTES})"
    elif shape.is_histogram:
        keys = f", key=Key, max_entries={MOST_HISTOGRAMS}" if shape.columns else ""
        yield f"histogram = Log2Histogram({shape.value_type}{keys})"
    elif shape.columns:
        yield f"totals = PerCpuHashMap(Key, {shape.value_type}, max_entries={MOST_KEYS})"
        yield from _add_function(shape.value_type)
    else:
        yield f"totals = PerCpuArray({shape.value_type}, max_entries=1)"


def _add_function(value_type: str) -> tuple[str, ...]:
    return (
        "",
        "",
        f"def add(key: Key, amount: {value_type}) -> None:",
        "    total = totals.lookup(key)",
        "    if total is None:",
        f"        totals.insert(key, {value_type}(0))",
        "        total = totals.lookup(key)",
        "        if total is None:",
        "            lost[0] += 1",
        "            return",
        "    total.value += amount",
    )


def _function(shape: Shape, handler: Handler, timed: bool, names: set[str]) -> str:
    lines = [*_head(handler.probe, "on", names)]
    if timed:
        lines += ["start = started.lookup(ctx.tid)", "if start is None:", "    return 0"]
        # Read before the entry is given up.
        lines += ["elapsed = ktime_get_ns() - start.value", "del started[ctx.tid]"]
    lines += [f"{name} = {source}" for name, source in handler.filtered if name != "elapsed"]
    if handler.condition:
        lines += [f"if not ({handler.condition}):", "    return 0"]
    lines += [f"{name} = {source}" for name, source in handler.computed if name != "elapsed"]
    lines += _action(shape, handler)
    lines.append("return 0")
    return _indented(lines)


def _action(shape: Shape, handler: Handler) -> list[str]:
    pairs = zip(shape.columns, handler.terms, strict=True)
    row = ", ".join(f"{column.field}={_as_column(term, column.kind)}" for column, term in pairs)
    if shape.sends_events:
        return [f"if not events.output(Event({row})):", "    lost[0] += 1"]
    value = f"{shape.value_type}(1)"
    if handler.value is not None:
        value = _as_column(handler.value, Number(shape.value_type == "i64"))
    if shape.is_histogram:
        return [f"histogram.record({f'Key({row}), ' if shape.columns else ''}{value})"]
    return [f"add(Key({row}), {value})"] if shape.columns else [f"totals[0] += {value}"]


def _as_column(term: Term, kind: ColumnKind) -> str:
    """A value as the column has it: where probes differ in the sign of a number, it is signed."""
    text = ast.unparse(term.node)
    widened = isinstance(kind, Number) and kind.signed and isinstance(term.kind, Number)
    return f"i64({text})" if widened and term.kind != Number() else text


def _start_function(probe: Probe, names: set[str]) -> str:
    return _indented([*_head(probe, "start", names), "started[ctx.tid] = ktime_get_ns()", "return 0"])


def _head(probe: Probe, prefix: str, names: set[str]) -> Iterator[str]:
    arguments = ", ".join(f'"{part}"' for part in (probe.category, probe.target) if part)
    parts = (probe.category or probe.kind.value, probe.target)
    base = "_".join([prefix, *(re.sub(r"\W", "_", part, flags=re.ASCII) for part in parts)])
    name, number = base, 2
    while name in names:
        name, number = f"{base}_{number}", number + 1
    names.add(name)
    yield f"@{probe.kind.value}({arguments})"
    yield f"def {name}(ctx: {_CONTEXTS[probe.kind]}) -> int:"
    yield "if ctx.pid == own_pid.value:"
    yield "    return 0"


def _indented(lines: Sequence[str]) -> str:
    """Decorator and head as they are, the body one level in."""
    return "\n".join([*lines[:2], *(f"    {line}" for line in lines[2:])])
