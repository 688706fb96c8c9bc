"""Maps of maps: a map that is found when the program runs stands for the declaration of its kind."""

from __future__ import annotations

import copy
from typing import Any, cast

from osmia.compiler.check.context import Checker
from osmia.compiler.check.values import Poison, Reference, Static, Value
from osmia.compiler.ir.types import PointerType, Space
from osmia.compiler.primitives.maps import LOOKUP, address, definition_of, key_address
from osmia.compiler.primitives.method import Call
from osmia.dataclass import replace
from osmia.lang.map_of_maps import MapOfMaps


def lookup(checker: Checker, receiver: Value, call: Call) -> Value:
    """`maps.lookup(key)`."""
    assert isinstance(receiver, Static)
    outer = cast("MapOfMaps[Any, Any]", receiver.value)
    key = key_address(checker, outer, call.values[0], call.spans[0])
    if key is None:
        return Poison()
    definition = definition_of(checker, outer)
    result = PointerType(checker.module.types.map_type(outer), Space.MAP, nullable=True)
    found = checker.helper(LOOKUP, "map_lookup_elem", result, address(checker, definition), key)
    return Reference(found, f"`{definition.name}.lookup` returns None where there is no map")


def as_map(checker: Checker, found: Reference) -> Value:
    """A map that was found, as a map that can be used; one that may be None stays what it is."""
    if found.type.space is not Space.MAP or found.type.nullable:
        return found
    assert found.type.pointee is not None
    outer = checker.module.types.map_of(found.type.pointee)
    inner = definition_of(checker, outer).inner
    assert inner is not None
    # A declaration of its own: what is behind it is known only here.
    declaration = copy.copy(outer.inner)
    checker.module.maps[declaration] = replace(inner, pointer=found.operand)
    return Static(declaration)
