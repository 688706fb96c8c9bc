"""Which type of the kernel may stand for a type of the program: the rules of libbpf (src/relo_core.c)."""

from __future__ import annotations

from osmia.btf import types
from osmia.btf.types import TypeGraph
from osmia.errors import MalformedError

_DEEPEST = 32
Composite = types.Struct | types.Union


def essential(name: str) -> str:
    """A name without its flavour: `task_struct___old` stands for `task_struct`."""
    base, separator, flavour = name.rpartition("___")
    return base if separator and base and flavour else name


def same_kind(left: types.Type | None, right: types.Type | None) -> bool:
    """Whether both are of one kind; enums of 32 and of 64 bits are."""
    return type(left) is type(right)


def _deeper(depth: int) -> int:
    if depth <= 0:
        raise MalformedError("BTF", f"types are nested more than {_DEEPEST} levels deep")
    return depth - 1


def fields_fit(local: TypeGraph, local_id: int, target: TypeGraph, target_id: int) -> bool:
    """Whether a field of the one type may be read as one of the other: integers of any size may."""
    for _ in range(_DEEPEST):
        left, right = local.resolve(local_id), target.resolve(target_id)
        if isinstance(left, Composite) and isinstance(right, Composite):
            return True
        if not same_kind(left, right):
            return False
        match left, right:
            case types.Pointer() | types.Float(), _:
                return True
            case ((types.Enum() | types.Forward()), (types.Enum() | types.Forward())):
                names = essential(left.name), essential(right.name)
                return not all(names) or names[0] == names[1]
            case types.Int(), types.Int():
                return left.offset == 0 and right.offset == 0
            case types.Array(), types.Array():
                local_id, target_id = left.type, right.type
            case _:
                return False
    raise MalformedError("BTF", "an array of arrays without an end")


def types_fit(
    local: TypeGraph, local_id: int, target: TypeGraph, target_id: int, depth: int = _DEEPEST
) -> bool:
    """Whether a type exists in the kernel as the program means it: same kind, and so behind pointers."""
    depth = _deeper(depth)
    left, right = local.resolve(local_id), target.resolve(target_id)
    if not same_kind(left, right):
        return False
    match left, right:
        case types.Int(), types.Int():
            return left.offset == 0 and right.offset == 0
        case types.Pointer(), types.Pointer():
            return types_fit(local, left.type, target, right.type, depth)
        case types.Array(), types.Array():
            return types_fit(local, left.type, target, right.type, depth)
        case types.FunctionPrototype(), types.FunctionPrototype():
            if len(left.parameters) != len(right.parameters):
                return False
            pairs = zip(left.parameters, right.parameters, strict=True)
            return all(types_fit(local, one.type, target, other.type, depth) for one, other in pairs) and (
                types_fit(local, left.result, target, right.result, depth)
            )
        case _:
            return left is None or isinstance(left, Composite | types.Enum | types.Forward)


def types_match(
    local: TypeGraph,
    local_id: int,
    target: TypeGraph,
    target_id: int,
    *,
    behind_pointer: bool = False,
    depth: int = _DEEPEST,
) -> bool:
    """Whether a type of the kernel has all that the program's has, member by member, in name and type."""
    depth = _deeper(depth)
    left, right = local.resolve(local_id), target.resolve(target_id)
    if not _names_match(left, right):
        return False

    def inner(one: int, other: int, *, behind: bool = behind_pointer) -> bool:
        return types_match(local, one, target, other, behind_pointer=behind, depth=depth)

    match left, right:
        case None, None:
            return True
        case types.Forward(), types.Forward():
            return left.is_union == right.is_union
        case (types.Forward(), types.Struct() | types.Union()) if behind_pointer:
            return left.is_union == isinstance(right, types.Union)
        case (types.Struct() | types.Union(), types.Forward()) if behind_pointer:
            return right.is_union == isinstance(left, types.Union)
        case types.Enum(), types.Enum():
            names = {essential(each.name) for each in right.enumerators}
            known = all(essential(each.name) in names for each in left.enumerators)
            return left.size == right.size and len(left.enumerators) <= len(right.enumerators) and known
        case (types.Struct() | types.Union(), types.Struct() | types.Union()):
            return same_kind(left, right) and (
                behind_pointer
                or all(
                    any(
                        essential(member.name) == essential(other.name) and inner(member.type, other.type)
                        for other in right.members
                    )
                    for member in left.members
                )
            )
        case types.Int(), types.Int():
            return left.size == right.size and left.signed == right.signed
        case types.Pointer(), types.Pointer():
            return inner(left.type, right.type, behind=True)
        case types.Array(), types.Array():
            return left.count == right.count and inner(left.type, right.type)
        case types.FunctionPrototype(), types.FunctionPrototype():
            same = len(left.parameters) == len(right.parameters)
            pairs = zip(left.parameters, right.parameters, strict=False)
            return same and all(inner(a.type, b.type) for a, b in pairs) and inner(left.result, right.result)
        case _:
            return False


def _names_match(left: types.Type | None, right: types.Type | None) -> bool:
    return essential(getattr(left, "name", "")) == essential(getattr(right, "name", ""))
