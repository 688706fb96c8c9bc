"""Probes as the command line names them: a kind, and what it watches."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from osmia.errors import UsageError
from osmia.tracing.record_format import RecordFormat
from osmia.tracing.tracefs import TracepointCatalogue

__all__ = ["MOST_PROBES", "Probe", "ProbeKind", "expand"]

MOST_PROBES = 128
"""Programs of one run: each is compiled, loaded and attached."""

_FUNCTION = re.compile(r"[A-Za-z_.][\w.]*")
_FORMS = "tracepoint:CATEGORY:NAME, raw_tracepoint:NAME, kprobe:FUNCTION or kretprobe:FUNCTION"


class ProbeKind(Enum):
    """The kinds of probes, named as their ELF sections are."""

    TRACEPOINT = "tracepoint"
    RAW_TRACEPOINT = "raw_tracepoint"
    KPROBE = "kprobe"
    KRETPROBE = "kretprobe"


@dataclass(frozen=True)
class Probe:
    """One place in the kernel."""

    kind: ProbeKind
    target: str
    """A kernel function, or the name of a tracepoint."""
    category: str = ""
    record: RecordFormat | None = None
    """What a tracepoint hands out."""

    def __str__(self) -> str:
        return ":".join(part for part in (self.kind.value, self.category, self.target) if part)


def expand(texts: Sequence[str], catalogue: Callable[[], TracepointCatalogue]) -> tuple[Probe, ...]:
    """The probes that some texts name; `*` and `?` stand for other characters in names of tracepoints.

    Raises:
        UsageError: a text is no probe, matches nothing, or all together match too much.
        NotSupportedError, PermissionDeniedError: tracefs is needed and cannot be read.
    """
    found: dict[str, Probe] = {}
    for text in texts:
        for probe in _expand_one(text, catalogue):
            found.setdefault(str(probe), probe)
    if len(found) > MOST_PROBES:
        help_text = "narrow the pattern; for all system calls there is tracepoint:raw_syscalls:sys_enter"
        raise UsageError(f"{len(found)} probes match, at most {MOST_PROBES} can be traced at once", help_text)
    return tuple(found.values())


def _expand_one(text: str, catalogue: Callable[[], TracepointCatalogue]) -> list[Probe]:
    match text.split(":"):
        case ["tracepoint", category, name]:
            names = catalogue().matching(category, name)
            if not names:
                help_text = f"osmia trace --list 'tracepoint:{category}:*' lists them"
                raise UsageError(f"there is no tracepoint {category}:{name}", help_text)
            if len(names) > MOST_PROBES:  # their formats are not worth reading
                return [Probe(ProbeKind.TRACEPOINT, each, group) for group, each in names]
            return [
                Probe(ProbeKind.TRACEPOINT, each, group, catalogue().format(group, each))
                for group, each in names
            ]
        case ["raw_tracepoint", name] if "*" in name or "?" in name:
            names = catalogue().matching("*", name)
            if not names:
                raise UsageError(f"no tracepoint matches {name}", "osmia trace --list 'tracepoint:*:*'")
            return [Probe(ProbeKind.RAW_TRACEPOINT, each) for _, each in names]
        case ["raw_tracepoint" | "kprobe" | "kretprobe" as kind, target] if _FUNCTION.fullmatch(target):
            return [Probe(ProbeKind(kind), target)]
        case _:
            raise UsageError(f"{text!r} is no probe", f"write {_FORMS}")
