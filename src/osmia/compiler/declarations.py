"""What programs refer to: maps and constants with their names in the object, and all captured sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

from osmia.compiler.source import captured_names
from osmia.errors import UsageError
from osmia.lang.constants import Constant
from osmia.lang.maps import Map
from osmia.lang.programs import Program


@dataclass
class Declarations:
    """Everything that some programs reach, in the order of its discovery."""

    maps: dict[str, Map] = field(default_factory=dict)
    constants: dict[str, Constant[Any]] = field(default_factory=dict)
    functions: list[FunctionType] = field(default_factory=list)
    values: list[tuple[str, object]] = field(default_factory=list)
    """Names and what they stand for, wherever a function refers to them."""


def collect(programs: tuple[Program[Any, Any], ...]) -> Declarations:
    """Follow all names from the programs' functions."""
    found = Declarations()
    names = set()
    for program in programs:
        if program.name in names:
            raise UsageError(
                f"two programs are named {program.name!r}", "rename one: both go into one object"
            )
        names.add(program.name)
        _visit_function(cast("FunctionType", program.function), found)
    return found


def _visit_function(function: FunctionType, found: Declarations) -> None:
    if function in found.functions:
        return
    found.functions.append(function)
    names = captured_names(function)
    used = list(_used_names(function.__code__))
    for name in used:
        if name in names:
            _visit_value(name, names[name], used, found)


def _used_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    yield from code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _used_names(constant)


def _visit_value(name: str, value: object, used: list[str], found: Declarations) -> None:
    match value:
        case Map():
            _name(found.maps, name, value)
        case Constant():
            _name(found.constants, name, value)
        case FunctionType():
            _visit_function(value, found)
        case ModuleType():
            for attribute in used:
                member = vars(value).get(attribute)
                if member is not None and not isinstance(member, ModuleType):
                    _visit_value(attribute, member, used, found)
        case type():
            for member in list(vars(value).values()):
                function = member.fget if isinstance(member, property) else member
                if isinstance(function, FunctionType) and not value.__module__.startswith("osmia.lang"):
                    _visit_function(function, found)
            found.values.append((name, value))
        case _:
            found.values.append((name, value))


def _name(table: dict[str, Any], name: str, value: object) -> None:
    """Name a declaration as the module does; a second one of that name gets a number."""
    if any(known is value for known in table.values()):
        return
    unique, number = name.lstrip("_") or "map", 2
    while unique in table:
        unique, number = f"{name}_{number}", number + 1
    table[unique] = value
