"""From decorated Python functions to a BPF ELF object.

The compiler is imported when something is compiled: a start from the cache needs none of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osmia.compiler.compile import compile_programs

__all__ = ["compile_programs"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'osmia.compiler' has no attribute {name!r}")
    value: object = getattr(importlib.import_module("osmia.compiler.compile"), name)
    globals()[name] = value
    return value
