"""Enumerations of the kernel, whose numbers may differ from kernel to kernel: CO-RE asks the running one."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from osmia.lang.integers import Integer

__all__ = ["enum_value", "enum_value_exists", "kernel_enum", "kernel_enum_name"]

E = TypeVar("E", bound=Integer)

_names: dict[type[object], str] = {}


def kernel_enum(name: str) -> Callable[[type[E]], type[E]]:
    """Declare that an enumeration is `enum name` of the kernel, for `enum_value` and `enum_value_exists`.

        @kernel_enum("zone_stat_item")
        class ZoneStatItem(u32, Enum):
            NR_FREE_PAGES = 0
            NR_FREE_CMA_PAGES = 8

        if enum_value_exists(ZoneStatItem.NR_FREE_CMA_PAGES):
            place = enum_value(ZoneStatItem.NR_FREE_CMA_PAGES)

    Members have the names of the kernel's, and the numbers of some kernel; not all need be there.
    """

    def declare(enumeration: type[E]) -> type[E]:
        made: type[object] = enumeration
        if not issubclass(made, Enum):
            raise TypeError(f"{enumeration.__name__} is no enumeration: write class …(u32, Enum)")
        _names[enumeration] = name
        return enumeration

    return declare


def kernel_enum_name(enumeration: type[object]) -> str:
    """What the kernel calls an enumeration; empty where it is none of the kernel's."""
    return _names.get(enumeration, "")


def enum_value(member: E) -> E:
    """The number that the running kernel gives to a member; in simulation the declared one."""
    _require(member)
    return member


def enum_value_exists(member: Integer) -> bool:
    """Whether the running kernel has a member of that name; in simulation it has all."""
    _require(member)
    return True


def _require(member: object) -> None:
    if not kernel_enum_name(type(member)):
        raise TypeError(f"{member!r} is no member of an enumeration that @kernel_enum declares")
