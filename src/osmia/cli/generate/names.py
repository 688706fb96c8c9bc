"""Names of the kernel as names of Python."""

from __future__ import annotations

import keyword
from collections.abc import Collection

from osmia.lang import KernelStruct, TracepointContext

OF_STRUCTS = frozenset(dir(KernelStruct))
OF_CONTEXTS = frozenset(dir(TracepointContext(b"")))


def class_name(name: str) -> str:
    """`task_struct` as `TaskStruct`."""
    made = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    return made if made.isidentifier() and not keyword.iskeyword(made) else f"Struct{made}"


def field_name(name: str, taken: Collection[str]) -> str:
    """A field as an attribute: no keyword, not private, and nothing that the class has already."""
    plain = name.strip("_") or "field"
    made = f"{plain}_" if keyword.iskeyword(plain) else plain
    while made in taken:
        made += "_"
    return made if made.isidentifier() else f"field_{made}"


def imports(module: str, names: set[str]) -> str:
    """An import of some names, in lines of a bearable length."""
    line = f"from {module} import {', '.join(sorted(names))}"
    if len(line) <= 100:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in sorted(names)), ")"])
