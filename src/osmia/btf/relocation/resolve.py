"""One CO-RE relocation -> the number that its instruction shall have on this kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Protocol

from osmia.btf import types
from osmia.btf.extension import CoreRelocation
from osmia.btf.lazy import LazyBtf
from osmia.btf.relocation.access import Place, indices_of, local_place, target_place
from osmia.btf.relocation.compatibility import essential, same_kind, types_fit, types_match
from osmia.btf.types import TypeGraph
from osmia.dataclass import dataclass
from osmia.errors import MalformedError, NotSupportedError

_LARGEST_BIT_FIELD_UNIT = 8


class RelocationKind(IntEnum):
    """enum bpf_core_relo_kind (include/uapi/linux/bpf.h)."""

    FIELD_BYTE_OFFSET = 0
    FIELD_BYTE_SIZE = 1
    FIELD_EXISTS = 2
    FIELD_SIGNED = 3
    FIELD_LSHIFT_U64 = 4
    FIELD_RSHIFT_U64 = 5
    TYPE_ID_LOCAL = 6
    TYPE_ID_TARGET = 7
    TYPE_EXISTS = 8
    TYPE_SIZE = 9
    ENUMVAL_EXISTS = 10
    ENUMVAL_VALUE = 11
    TYPE_MATCHES = 12


_FIELD_KINDS = range(RelocationKind.FIELD_BYTE_OFFSET, RelocationKind.TYPE_ID_LOCAL)
_ENUM_KINDS = (RelocationKind.ENUMVAL_EXISTS, RelocationKind.ENUMVAL_VALUE)
_QUESTIONS = (
    RelocationKind.FIELD_EXISTS,
    RelocationKind.TYPE_EXISTS,
    RelocationKind.TYPE_MATCHES,
    RelocationKind.ENUMVAL_EXISTS,
)
"""Kinds whose answer is 0 where the kernel does not have it."""


class Targets(Protocol):
    """The types of the kernel that a program is loaded into."""

    @property
    def vmlinux(self) -> LazyBtf:
        """The types of the kernel itself."""
        ...

    def modules(self) -> Sequence[LazyBtf]:
        """The types of each loaded module, as split BTF over `vmlinux`."""
        ...


@dataclass(frozen=True)
class Answer:
    """What to write into the instruction.

    `expected` is the number that stands there now, None where it may be any. `value` is None where the
    kernel does not have what is asked for. The sizes are those of the field before and after, where the
    instruction reads or writes it; `resizable` says whether another width means the same number.
    """

    value: int | None
    expected: int | None = None
    local_size: int = 0
    target_size: int = 0
    resizable: bool = True


@dataclass(frozen=True)
class _Found:
    """What a relocation means in one layout: a place, or an enumerator, or the type alone."""

    type_id: int
    place: Place | None = None
    enumerator: types.Enumerator | None = None


def describe(local: TypeGraph, relocation: CoreRelocation) -> str:
    """What a relocation is about, as users name it: `struct task_struct.real_parent`."""
    found = local.type(relocation.type_id)
    name = essential(getattr(found, "name", "")) or "an unnamed type"
    words = ((types.Struct, "struct "), (types.Union, "union "), (types.Enum, "enum "))
    kind = next((word for each, word in words if isinstance(found, each)), "")
    try:
        meant = _meant(local, relocation, RelocationKind(relocation.kind))
    except (MalformedError, ValueError):
        return f"{kind}{name}"
    if meant.enumerator is not None:
        return f"{kind}{name}, value {essential(meant.enumerator.name)}"
    text = ""
    for position, step in enumerate(meant.place.steps if meant.place else ()):
        if step.member is not None:
            text += f".{step.member.name}"
        elif position > 0:
            text += f"[{step.index}]"
    return f"{kind}{name}{text}"


def resolve(local: TypeGraph, relocation: CoreRelocation, targets: Targets) -> Answer:
    """Find what a relocation asks for in the kernel's types.

    Raises:
        MalformedError: the relocation does not fit the object's own types.
        NotSupportedError: types of the kernel that all fit give different answers.
    """
    try:
        kind = RelocationKind(relocation.kind)
    except ValueError:
        raise MalformedError("CO-RE relocation", f"kind {relocation.kind} does not exist") from None
    meant = _meant(local, relocation, kind)
    own = _answer(local, meant, kind)
    if kind is RelocationKind.TYPE_ID_LOCAL:
        return Answer(relocation.type_id)
    answers = [
        (_answer(graph, found, kind), found)
        for graph, candidate in _candidates(local, relocation.type_id, targets)
        for found in _fitting(local, meant, kind, graph, candidate)
    ]
    expected = own.expected if kind is not RelocationKind.TYPE_ID_TARGET else None
    if not answers:
        return Answer(0 if kind in _QUESTIONS else None, expected)
    first, place = answers[0]
    for other, other_place in answers[1:]:
        if other.value != first.value or _bits(other_place) != _bits(place):
            what = describe(local, relocation)
            raise NotSupportedError(
                f"the relocation of {what}: the kernel has several such types, which differ"
            )
    resizable = first.resizable and own.resizable
    return Answer(first.value, expected, own.target_size, first.target_size, resizable)


def _bits(found: _Found) -> int:
    return found.place.bit_offset if found.place else 0


def _meant(local: TypeGraph, relocation: CoreRelocation, kind: RelocationKind) -> _Found:
    """What the program's compiler meant."""
    if local.type(relocation.type_id) is None:
        raise MalformedError("CO-RE relocation", f"type {relocation.type_id} does not exist")
    if kind in _FIELD_KINDS:
        return _Found(relocation.type_id, local_place(local, relocation.type_id, relocation.access))
    indices = indices_of(relocation.access)
    if kind in _ENUM_KINDS:
        found = local.resolve(relocation.type_id)
        if not isinstance(found, types.Enum) or len(indices) != 1 or indices[0] >= len(found.enumerators):
            raise MalformedError("CO-RE relocation", f"access {relocation.access!r} names no enumerator")
        return _Found(relocation.type_id, enumerator=found.enumerators[indices[0]])
    if indices != (0,):
        raise MalformedError("CO-RE relocation", f"access {relocation.access!r} to a whole type")
    return _Found(relocation.type_id)


def _candidates(local: TypeGraph, type_id: int, targets: Targets) -> Iterator[tuple[LazyBtf, int]]:
    """The kernel's types of the name, flavours left aside; those of modules where the kernel has none."""
    root = local.type(type_id)
    name = essential(getattr(root, "name", ""))
    if not name:
        raise MalformedError("CO-RE relocation", f"type {type_id} has no name to be found by")

    def within(graph: LazyBtf) -> Iterator[tuple[LazyBtf, int]]:
        for id, found in graph.named(name, flavours=True):
            if same_kind(found, root) and essential(getattr(found, "name", "")) == name:
                yield graph, id

    found = list(within(targets.vmlinux))
    yield from found
    if not found:
        for module in targets.modules():
            yield from within(module)


def _fitting(
    local: TypeGraph, meant: _Found, kind: RelocationKind, target: TypeGraph, type_id: int
) -> Iterator[_Found]:
    """The meaning in a candidate, if it has it."""
    if meant.place is not None:
        place = target_place(local, meant.place, target, type_id)
        if place is not None:
            yield _Found(type_id, place)
    elif meant.enumerator is not None:
        found, wanted = target.resolve(type_id), essential(meant.enumerator.name)
        for enumerator in found.enumerators if isinstance(found, types.Enum) else ():
            if essential(enumerator.name) == wanted:
                yield _Found(type_id, enumerator=enumerator)
                return
    else:
        fits = types_match if kind is RelocationKind.TYPE_MATCHES else types_fit
        if fits(local, meant.type_id, target, type_id):
            yield _Found(type_id)


def _answer(graph: TypeGraph, found: _Found, kind: RelocationKind) -> Answer:
    """The number for one layout; `target_size` is the size of the field there."""
    if found.place is not None:
        return _field_answer(graph, found.place, kind)
    if kind in _QUESTIONS:
        return Answer(1, 1)
    if found.enumerator is not None:
        return Answer(found.enumerator.value, found.enumerator.value)
    if kind is RelocationKind.TYPE_SIZE:
        size = graph.size_of(found.type_id)
        return Answer(size, size)
    return Answer(found.type_id)


def _field_answer(graph: TypeGraph, place: Place, kind: RelocationKind) -> Answer:
    if kind is RelocationKind.FIELD_EXISTS:
        return Answer(1, 1)
    last = place.steps[-1]
    type_id = last.member.type if last.member is not None else last.type
    bit_size = last.member.bit_size if last.member is not None else 0
    if last.member is None and kind not in (
        RelocationKind.FIELD_BYTE_OFFSET,
        RelocationKind.FIELD_BYTE_SIZE,
    ):
        raise MalformedError("CO-RE relocation", f"{kind.name} of an element of an array")
    field = graph.resolve(type_id)
    size = graph.size_of(type_id)
    if size is None:
        raise MalformedError("CO-RE relocation", "a field without a size")
    offset = place.bit_offset // 8
    if bit_size:
        offset, size = _bit_field_unit(place.bit_offset, bit_size, size)
    bits = bit_size or 8 * size
    match kind:
        case RelocationKind.FIELD_BYTE_OFFSET:
            plain = isinstance(field, types.Pointer) or (isinstance(field, types.Int) and not field.signed)
            # The offset of a bit field's unit depends on how it is read, so the compiler's may differ.
            return Answer(
                offset, None if bit_size else offset, target_size=0 if bit_size else size, resizable=plain
            )
        case RelocationKind.FIELD_BYTE_SIZE:
            return Answer(size, None if bit_size else size)
        case RelocationKind.FIELD_SIGNED:
            signed = field.signed if isinstance(field, types.Int | types.Enum) else False
            return Answer(int(signed), int(signed))
        case RelocationKind.FIELD_LSHIFT_U64:
            value = 64 - (place.bit_offset + bits - 8 * offset)
            return Answer(value, None if bit_size else value)
        case _:
            return Answer(64 - bits, 64 - bits)


def _bit_field_unit(bit_offset: int, bits: int, size: int) -> tuple[int, int]:
    """Offset and size of the aligned integer that holds a bit field."""
    if not 0 < size <= _LARGEST_BIT_FIELD_UNIT:
        raise MalformedError("CO-RE relocation", f"a bit field in {size} bytes")
    offset = bit_offset // 8 // size * size
    while bit_offset + bits - 8 * offset > 8 * size:
        size *= 2
        if size > _LARGEST_BIT_FIELD_UNIT:
            raise MalformedError("CO-RE relocation", "a bit field that no integer holds whole")
        offset = bit_offset // 8 // size * size
    return offset, size
