"""`features()`: what this kernel and this user can do, for people and for programs that choose."""

from __future__ import annotations

from osmia.loader.features import Answer, Feature, Features

__all__ = ["Answer", "Feature", "features", "helpers"]

_PROBED = Features()


def features() -> tuple[Feature, ...]:
    """Probe the running kernel: capabilities, program and map types, hooks, BTF, mounts.

    Each probe tries the thing itself and leaves nothing behind; an answer is remembered where it was
    conclusive, and is `Answer.UNKNOWN` where the user may not ask.
    """
    return _PROBED.all()


def helpers() -> dict[str, frozenset[str] | None]:
    """The helpers that each common type of program may call here; None where it cannot be asked."""
    return dict(_PROBED.helpers())
