"""BTF types as plain data (Documentation/bpf/btf.rst). Types name each other by id; id 0 is void."""

from __future__ import annotations

from typing import Protocol

from osmia.dataclass import dataclass


@dataclass(frozen=True)
class Int:
    """An integer of `size` bytes; `encoding` has the bits signed 1, char 2, bool 4."""

    name: str
    size: int
    bits: int
    encoding: int = 0
    offset: int = 0

    @property
    def signed(self) -> bool:
        """Whether it has a sign."""
        return bool(self.encoding & 1)


@dataclass(frozen=True)
class Float:
    """A floating point number (Linux 5.13)."""

    name: str
    size: int


@dataclass(frozen=True)
class Pointer:
    """A pointer."""

    type: int


@dataclass(frozen=True)
class Array:
    """An array of `count` elements."""

    type: int
    index_type: int
    count: int


@dataclass(frozen=True)
class Member:
    """A member of a struct or union; `bit_size` is 0 but for a bit field."""

    name: str
    type: int
    bit_offset: int
    bit_size: int = 0


@dataclass(frozen=True)
class Struct:
    """A struct of `size` bytes."""

    name: str
    size: int
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Union:
    """A union of `size` bytes."""

    name: str
    size: int
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Enumerator:
    """A named value of an enum."""

    name: str
    value: int


@dataclass(frozen=True)
class Enum:
    """An enum; one of 8 bytes is kind ENUM64 (Linux 6.0) in the section."""

    name: str
    size: int
    signed: bool
    enumerators: tuple[Enumerator, ...]
    wide: bool = False


@dataclass(frozen=True)
class Forward:
    """A struct or union that is only declared."""

    name: str
    is_union: bool


@dataclass(frozen=True)
class Typedef:
    """Another name for a type."""

    name: str
    type: int


@dataclass(frozen=True)
class Qualifier:
    """`const`, `volatile` or `restrict` on a type; `kind` is one of these words."""

    kind: str
    type: int


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function; without name and type for `...`."""

    name: str
    type: int


@dataclass(frozen=True)
class FunctionPrototype:
    """The type of a function."""

    result: int
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class Function:
    """A function; `type` is its prototype. Linkage: 0 static, 1 global, 2 extern."""

    name: str
    type: int
    linkage: int


@dataclass(frozen=True)
class Variable:
    """A global variable. Linkage: 0 static, 1 global, 2 extern."""

    name: str
    type: int
    linkage: int


@dataclass(frozen=True)
class SectionVariable:
    """A variable's place in its section, in bytes."""

    type: int
    offset: int
    size: int


@dataclass(frozen=True)
class DataSection:
    """A section with variables, such as `.maps` and `.rodata`."""

    name: str
    size: int
    variables: tuple[SectionVariable, ...]


@dataclass(frozen=True)
class DeclarationTag:
    """A word attached to a declaration (Linux 5.16); `component` is a member's index, or -1."""

    value: str
    type: int
    component: int


@dataclass(frozen=True)
class TypeTag:
    """A word attached to a type (Linux 5.17)."""

    value: str
    type: int


DEEPEST_NESTING = 64
LONGEST_STRING = 4096

Type = (
    Int
    | Float
    | Pointer
    | Array
    | Struct
    | Union
    | Enum
    | Forward
    | Typedef
    | Qualifier
    | FunctionPrototype
    | Function
    | Variable
    | DataSection
    | DeclarationTag
    | TypeTag
)


class TypeGraph(Protocol):
    """Types by id, however they are kept: all decoded (`Btf`), or each when it is asked for (`LazyBtf`)."""

    def type(self, id: int) -> Type | None:
        """The type of an id; None for void and for an id that does not exist."""
        ...

    def resolve(self, id: int) -> Type | None:
        """The type behind typedefs, qualifiers and type tags; None where it is too far behind them."""
        for _ in range(DEEPEST_NESTING):
            found = self.type(id)
            if not isinstance(found, Typedef | Qualifier | TypeTag):
                return found
            id = found.type
        return None

    def size_of(self, id: int) -> int | None:
        """Bytes of a value of a type; None for a type without a size, or nested too deeply to tell."""
        count = 1
        for _ in range(DEEPEST_NESTING):
            found = self.resolve(id)
            if isinstance(found, Array):
                count *= found.count
                id = found.type
            elif isinstance(found, Int | Float | Struct | Union | Enum | DataSection):
                return count * found.size
            elif isinstance(found, Pointer):
                return count * 8
            elif isinstance(found, Variable):
                id = found.type
            else:
                return None
        return None


@dataclass(frozen=True)
class Btf(TypeGraph):
    """All types of an object: `types[i]` has id `i + 1`. `strings` is kept for what refers into it."""

    types: tuple[Type, ...]
    strings: bytes

    def type(self, id: int) -> Type | None:
        """The type of an id; None for void and for an id that does not exist."""
        return self.types[id - 1] if 1 <= id <= len(self.types) else None

    def string(self, offset: int) -> str:
        """A string of the string section, cut at 4096 bytes; empty where the offset does not exist."""
        start = max(offset, 0)
        return self.strings[start : start + LONGEST_STRING].partition(b"\0")[0].decode(errors="replace")
