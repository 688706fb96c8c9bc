"""The probes of this kernel for `--list`, and what a single tracepoint hands out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from osmia.errors import UsageError
from osmia.tracing.tracefs import TracepointCatalogue, tracefs_root

__all__ = ["listing"]


def listing(patterns: Sequence[str]) -> Iterator[str]:
    """The tracepoints that match patterns; with their fields where a pattern names one alone.

    Raises:
        UsageError: a pattern is of another kind, or matches nothing.
        NotSupportedError, PermissionDeniedError: tracefs cannot be read.
    """
    catalogue = TracepointCatalogue(tracefs_root())
    for pattern in patterns:
        match pattern.split(":"):
            case ["tracepoint", category, name]:
                found = [
                    (f"tracepoint:{group}:{each}", group, each)
                    for group, each in _matching(catalogue, category, name)
                ]
            case ["raw_tracepoint", name]:
                found = [(f"raw_tracepoint:{each}", "", each) for _, each in _matching(catalogue, "*", name)]
            case _:
                raise UsageError(
                    f"{pattern!r} cannot be listed", "write tracepoint:CATEGORY:NAME, with * and ?"
                )
        for text, group, each in found:
            yield text
            if group and len(found) == 1:
                fields = catalogue.format(group, each).fields.values()
                yield from (
                    f"    {field.declaration}" for field in fields if not field.name.startswith("common_")
                )


def _matching(catalogue: TracepointCatalogue, category: str, name: str) -> list[tuple[str, str]]:
    found = catalogue.matching(category, name)
    if not found:
        raise UsageError(f"no tracepoint matches {category}:{name}", "osmia trace --list lists all")
    return found
