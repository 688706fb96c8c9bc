"""A hook of mkdocs: links to files outside of docs/, which the site does not have, become plain text."""

from __future__ import annotations

import re

__all__ = ["on_page_markdown"]

OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?:src|tests|examples|benchmarks|packaging)/[^)]*\)")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Called by mkdocs for each page."""
    return OUTSIDE.sub(r"\1", markdown)
