"""What programs refer to, found by following names: maps and constants, functions, captured values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any, TypeVar, cast

from osmia.dataclass import dataclass, field
from osmia.lang.constants import Constant
from osmia.lang.events import EventMap
from osmia.lang.functions import Subprogram
from osmia.lang.kfuncs import KernelFunction
from osmia.lang.map_of_maps import is_map_of_maps
from osmia.lang.maps import Map
from osmia.lang.program_arrays import is_program_array
from osmia.lang.programs import Program
from osmia.lang.structs import Struct
from osmia.lang.timer_callbacks import TimerCallback, is_timer_callback
from osmia.lang.variables import Global, is_global

__all__ = ["References", "captured_names", "references_of"]

T = TypeVar("T")

_RESERVED = frozenset({"osmia_log", "osmia_lost", "osmia_log_formats", "osmia_log_level"})
"""What the compiler itself puts into an object."""


@dataclass
class References:
    """Everything that some programs reach, in the order of its discovery; it may be more than they use."""

    programs: list[Program[Any, Any]] = field(default_factory=list[Program[Any, Any]])
    """The programs themselves, and those that stand in their program arrays from the start."""
    maps: dict[str, Map] = field(default_factory=dict[str, Map])
    """Maps by the name that their module gives them; a second one of that name gets a number."""
    constants: dict[str, Constant[Any]] = field(default_factory=dict[str, Constant[Any]])
    subprograms: dict[str, Subprogram[..., Any]] = field(default_factory=dict[str, Subprogram[..., Any]])
    globals: dict[str, Global[Any]] = field(default_factory=dict[str, Global[Any]])
    functions: list[FunctionType] = field(default_factory=list[FunctionType])
    values: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])
    """Names and what else they stand for."""
    seen: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]], repr=False)
    """The names in `values`, each with the `id()` of its value."""
    names: set[str] = field(default_factory=lambda: set(_RESERVED))
    """Names that stand for something in the object already."""


def references_of(programs: tuple[Program[Any, Any], ...]) -> References:
    """Follow functions, structs with their methods, and modules, from the programs on."""
    found = References()
    found.names |= {program.name for program in programs}
    found.programs += programs
    for program in found.programs:  # it grows on the way
        _visit_function(cast("FunctionType", program.function), found)
    return found


def captured_names(function: FunctionType) -> Mapping[str, Any]:
    """The globals and the closure of a function, the closure first."""
    closure: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            closure[name] = cell.cell_contents
        except ValueError:  # a variable of the enclosing function that is not set yet
            continue
    return {**function.__globals__, **closure}


def _visit_function(function: FunctionType, found: References) -> None:
    if function in found.functions or function.__module__.startswith("osmia.lang"):
        return
    found.functions.append(function)
    names = captured_names(function)
    used = dict.fromkeys(_mentioned(function.__code__))
    for annotation in function.__annotations__.values():
        if isinstance(annotation, str):
            used |= dict.fromkeys(re.findall(r"\w+", annotation))
        else:
            _visit_value("", annotation, (), found)
    for name in used:
        if name in names:
            _visit_value(name, names[name], tuple(used), found)


def _mentioned(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    yield from code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _mentioned(constant)


def _visit_value(name: str, value: object, used: tuple[str, ...], found: References) -> None:
    match value:
        case Map():
            _visit_map(name, value, found)
        case Constant():
            _declare(found, found.constants, name, value)
        case _ if is_global(value):
            _declare(found, found.globals, name, value)
            _visit_value("", value.type, (), found)
        case Subprogram():
            _declare(found, found.subprograms, value.name, cast("Subprogram[..., Any]", value))
            _visit_function(cast("FunctionType", value.function), found)
        case _ if is_timer_callback(value):
            _visit_timer_callback(value, found)
        case FunctionType() | KernelFunction():
            called: object = value.function if isinstance(value, KernelFunction) else cast("object", value)
            _visit_function(cast("FunctionType", called), found)
        case ModuleType():
            for attribute in used:
                member: object = vars(value).get(attribute)
                if not isinstance(member, ModuleType | None):
                    _visit_value(attribute, member, used, found)
        case _:
            if (name, id(value)) in found.seen:
                return
            found.seen.add((name, id(value)))
            found.values.append((name, value))
            if isinstance(value, type):
                _visit_class(value, found)


def _visit_map(name: str, value: Map, found: References) -> None:
    """Its types, the maps that come with it, and the programs that stand in it."""
    _declare(found, found.maps, name, value)
    events = value.events if isinstance(value, EventMap) else ()
    inner = value.inner if is_map_of_maps(value) else value
    kinds = (value.key_type, value.value_type, inner.key_type, inner.value_type)
    for memory_type in dict.fromkeys((*kinds, *events)):
        _visit_value("", memory_type, (), found)
    for suffix, companion in value.companions.items():
        _visit_value(f"{name}_{suffix}", companion, (), found)
    if is_program_array(value):
        given = value.programs.values()
        found.programs += [program for program in given if program not in found.programs]
        found.names |= {program.name for program in given}


def _visit_timer_callback(callback: TimerCallback[Any, Any], found: References) -> None:
    """Its body, and its map, by the name that its module gives it."""
    body = cast("FunctionType", callback.function)
    known = (name for name, named in captured_names(body).items() if named is callback.map)
    _visit_value(next(known, f"{callback.name}_map"), callback.map, (), found)
    _visit_function(body, found)


def _visit_class(python_class: type[Any], found: References) -> None:
    """Structs bring the types of their fields, and every class of the user's its methods."""
    if issubclass(python_class, Struct):
        for layout in python_class.layout:
            _visit_value("", layout.type, (), found)
    for member in list(vars(python_class).values()):
        function = member.fget if isinstance(member, property) else member
        if isinstance(function, FunctionType):
            _visit_function(function, found)


def _declare(found: References, table: dict[str, T], name: str, value: T) -> None:
    if any(known is value for known in table.values()):
        return
    # The kernel takes ASCII letters, digits and underscores only.
    letters = (letter if letter.isascii() else f"u{ord(letter):x}" for letter in name.strip("_"))
    base = "".join(letters) or "unnamed"
    unique, number = base, 2
    while unique in found.names:
        unique, number = f"{base}_{number}", number + 1
    found.names.add(unique)
    table[unique] = value
