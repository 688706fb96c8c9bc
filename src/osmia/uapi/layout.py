"""Places of fields in records."""

from __future__ import annotations

from ctypes import Structure
from typing import cast


def offset_of(record: type[Structure], field: str) -> int:
    """The byte offset of a field, as C's offsetof."""
    return cast("int", getattr(record, field).offset)
