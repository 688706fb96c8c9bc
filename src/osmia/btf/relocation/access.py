"""Access strings: "0:3:1" as the steps that lead to a field, and the same steps in another layout."""

from __future__ import annotations

from collections.abc import Iterator

from osmia.btf import types
from osmia.btf.relocation.compatibility import Composite, fields_fit
from osmia.btf.types import TypeGraph
from osmia.dataclass import dataclass, replace
from osmia.errors import MalformedError

_MOST_STEPS = 64


@dataclass(frozen=True)
class Step:
    """A member by its name, or an element by its index (`member` is None).

    `type` is the id of the struct that has the member, or of the element.
    """

    type: int
    index: int
    member: types.Member | None = None


@dataclass(frozen=True)
class Place:
    """Where the steps lead, in bits from the start of the first type."""

    steps: tuple[Step, ...] = ()
    bit_offset: int = 0

    def to(self, step: Step, bits: int) -> Place:
        """The place one step further."""
        return Place((*self.steps, step), self.bit_offset + bits)


def _fault(text: str, reason: str) -> MalformedError:
    return MalformedError("CO-RE relocation", f"access {text!r}: {reason}")


def indices_of(text: str) -> tuple[int, ...]:
    """The numbers of an access string."""
    parts = text.split(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise _fault(text, "not numbers with colons between")
    if len(parts) > _MOST_STEPS:
        raise _fault(text, f"more than {_MOST_STEPS} steps")
    return tuple(int(part) for part in parts)


def local_place(local: TypeGraph, type_id: int, text: str) -> Place:
    """The place that a program's compiler meant; anonymous members are no steps of their own."""
    indices = indices_of(text)
    size = local.size_of(type_id)
    if size is None:
        raise _fault(text, "of a type without a size")
    place = Place((Step(type_id, indices[0]),), indices[0] * size * 8)
    for index in indices[1:]:
        found = local.resolve(type_id)
        if isinstance(found, Composite):
            if index >= len(found.members):
                raise _fault(text, f"{found.name!r} has {len(found.members)} members")
            member = found.members[index]
            if member.name:
                place = place.to(Step(type_id, index, member), member.bit_offset)
            else:
                place = replace(place, bit_offset=place.bit_offset + member.bit_offset)
            type_id = member.type
        elif isinstance(found, types.Array):
            size = local.size_of(found.type)
            if size is None or (index >= found.count and not _is_flexible(local, place, found)):
                raise _fault(text, f"no element {index} in an array of {found.count}")
            type_id = found.type
            place = place.to(Step(type_id, index), index * size * 8)
        else:
            raise _fault(text, "a step into what is neither a struct nor an array")
    return place


def _is_flexible(graph: TypeGraph, place: Place, array: types.Array) -> bool:
    """Whether an array is the last member of its struct, of no length or one: it goes on behind it."""
    last = place.steps[-1]
    if last.member is None or array.count > 1:
        return False
    owner = graph.resolve(last.type)
    return isinstance(owner, types.Struct) and last.index == len(owner.members) - 1


def target_place(local: TypeGraph, wanted: Place, target: TypeGraph, type_id: int) -> Place | None:
    """The same names and indices in another layout, or None where it does not have them."""
    place = Place()
    for position, step in enumerate(wanted.steps):
        if step.member is not None:
            found = next(_members(local, step.member, target, type_id, place, _MOST_STEPS), None)
            if found is None:
                return None
            place, type_id = found
            continue
        if position > 0:
            array = target.resolve(type_id)
            if not isinstance(array, types.Array):
                return None
            if step.index >= array.count and not _is_flexible(target, place, array):
                return None
            type_id = array.type
        size = target.size_of(type_id)
        if size is None:
            return None
        place = place.to(Step(type_id, step.index), step.index * size * 8)
    return place


def _members(
    local: TypeGraph, wanted: types.Member, target: TypeGraph, type_id: int, place: Place, depth: int
) -> Iterator[tuple[Place, int]]:
    """The member of a name with a type that fits, looked for in anonymous members as well."""
    found = target.resolve(type_id)
    if not isinstance(found, Composite) or depth <= 0:
        return
    for index, member in enumerate(found.members):
        if not member.name:
            moved = replace(place, bit_offset=place.bit_offset + member.bit_offset)
            yield from _members(local, wanted, target, member.type, moved, depth - 1)
        elif member.name == wanted.name:
            if fields_fit(local, wanted.type, target, member.type):
                yield place.to(Step(type_id, index, member), member.bit_offset), member.type
            return
