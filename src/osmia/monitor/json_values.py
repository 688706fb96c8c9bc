"""JSON from outside, given the types that it really has."""

from __future__ import annotations

from typing import cast

__all__ = ["as_list", "as_object"]


def as_object(value: object) -> dict[str, object] | None:
    """A JSON object; None for any other value."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    """A JSON array; None for any other value."""
    return cast("list[object]", value) if isinstance(value, list) else None
