"""Which maps and constants programs use: found in the names that they and the functions they call mention."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

from osmia.lang import Constant, Map, Program, Struct

__all__ = ["References", "references_of"]


@dataclass(frozen=True)
class References:
    """The maps and constants that some programs mention, in the order of their first mention."""

    maps: tuple[Map, ...]
    constants: tuple[Constant[Any], ...]


def references_of(programs: Iterable[Program[Any, Any]]) -> References:
    """Follow functions, structs with their methods, and modules; may find more than is used, never less."""
    seen: set[int] = set()
    maps: list[Map] = []
    constants: list[Constant[Any]] = []
    waiting: list[Any] = list(programs)
    while waiting:
        value = waiting.pop(0)
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Map):
            maps.append(value)
            waiting += [value.key_type, value.value_type]
        elif issubclass(type(value), Constant):
            constants.append(value)
        elif issubclass(type(value), Program):
            waiting.append(value.function)
        elif isinstance(value, FunctionType):
            waiting += _mentioned(value)
        elif isinstance(value, type) and issubclass(value, Struct):
            waiting += [field.type for field in value.layout]
            waiting += [function for member in vars(value).values() for function in _functions(member)]
    return References(tuple(maps), tuple(constants))


def _functions(member: object) -> tuple[object, ...]:
    if isinstance(member, property):
        return (member.fget, member.fset)
    if isinstance(member, (staticmethod, classmethod)):
        return (cast("staticmethod[..., Any]", member).__func__,)
    return (member,)


def _mentioned(function: FunctionType) -> list[object]:
    """What the names in a function's body and annotations stand for; our own vocabulary is not followed."""
    if function.__module__.startswith("osmia.lang"):
        return []
    names: dict[str, None] = {}
    for code in _codes(function.__code__):
        names |= dict.fromkeys(code.co_names)
    for annotation in function.__annotations__.values():
        if isinstance(annotation, str):
            names |= dict.fromkeys(re.findall(r"\w+", annotation))
    found = [function.__globals__[name] for name in names if name in function.__globals__]
    found += [
        vars(module)[name]
        for module in found
        if isinstance(module, ModuleType)
        for name in names
        if name in vars(module)
    ]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # a variable of the enclosing function that is not assigned yet
            continue
    return [*found, *(a for a in function.__annotations__.values() if not isinstance(a, str))]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
