"""A finding as data: the prose of each stands where it is found, its printing in `render`."""

from __future__ import annotations

from osmia.dataclass import dataclass
from osmia.diagnostics.span import Span


@dataclass(frozen=True)
class Diagnostic:
    """One finding about the user's source."""

    code: str
    """Stable and searchable, such as "unchecked-lookup"."""
    span: Span
    message: str
    """What is wrong and why, in one sentence."""
    help: str = ""
    """What to write instead."""
    notes: tuple[str, ...] = ()
    """Further facts: the call site, where a name was set."""
