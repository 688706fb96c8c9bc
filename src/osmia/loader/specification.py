"""What an object file holds, as plain data: read, compared, printed and edited before any system call."""

from __future__ import annotations

from collections.abc import Mapping

from osmia.btf import Btf, CoreRelocation
from osmia.dataclass import dataclass, field
from osmia.uapi import AttachType, MapFlags, MapType, ProgramFlags, ProgramType

_NO_MAP_FLAGS = MapFlags(0)
_NO_PROGRAM_FLAGS = ProgramFlags(0)


@dataclass(frozen=True)
class MapReference:
    """The 16-byte load at byte `offset` takes a map, or with `value_offset` a place in its only value."""

    offset: int
    map: str
    value_offset: int | None = None


@dataclass(frozen=True)
class FunctionReference:
    """The instruction at byte `offset` calls a function of the object, or (`address`) loads its address."""

    offset: int
    function: str
    address: bool = False


@dataclass(frozen=True)
class KernelFunctionReference:
    """The instruction at byte `offset` calls a function of the kernel, or (`address`) asks if it is there.

    One that is `weak` may be missing.
    """

    offset: int
    function: str
    weak: bool = False
    address: bool = False


Reference = MapReference | FunctionReference | KernelFunctionReference


@dataclass(frozen=True)
class SourceLine:
    """The source of the instructions from byte `offset` on; `line` and `column` as the compiler counts."""

    offset: int
    filename: str
    line: int
    column: int
    text: str
    file_offset: int = field(repr=False, compare=False, default=0)
    text_offset: int = field(repr=False, compare=False, default=0)


@dataclass(frozen=True)
class FunctionSpec:
    """A function: its instructions, what they refer to, its BTF id (0: none) and its source lines.

    `core_relocations` are by byte offset in the function; `poisoned` has, by byte offset, what relocation
    found missing in the running kernel, in words.
    """

    name: str
    instructions: bytes = field(repr=False)
    references: tuple[Reference, ...] = ()
    type_id: int = 0
    lines: tuple[SourceLine, ...] = field(default=(), repr=False)
    core_relocations: tuple[CoreRelocation, ...] = field(default=(), repr=False)
    poisoned: Mapping[int, str] = field(default_factory=dict[int, str], repr=False)


@dataclass(frozen=True)
class ProgramSpec:
    """A program: where the kernel enters, and the functions that it calls, directly or not."""

    name: str
    type: ProgramType
    section: str
    entry: FunctionSpec
    attach_type: AttachType | None = None
    flags: ProgramFlags = _NO_PROGRAM_FLAGS
    subprograms: tuple[FunctionSpec, ...] = ()

    @property
    def functions(self) -> tuple[FunctionSpec, ...]:
        """The entry, then the subprograms: the order in which they are loaded."""
        return self.entry, *self.subprograms


@dataclass(frozen=True)
class VariableSpec:
    """A global variable: its place in its map's value, in bytes."""

    name: str
    offset: int
    size: int
    type_id: int = 0


@dataclass(frozen=True)
class MapSpec:
    """A map. One with `contents` is a data section: its only value is the whole section."""

    name: str
    type: MapType
    key_size: int
    value_size: int
    max_entries: int
    flags: MapFlags = _NO_MAP_FLAGS
    key_type_id: int = 0
    value_type_id: int = 0
    contents: bytes | None = field(default=None, repr=False)
    variables: tuple[VariableSpec, ...] = ()
    programs: Mapping[int, str] = field(default_factory=dict[int, str])
    """The entries of a program array, by index."""
    inner: MapSpec | None = None
    """What the maps in a map of maps are like."""
    maps: Mapping[int, str] = field(default_factory=dict[int, str])
    """The maps that stand in a map of maps from the start, by key."""
    locked: bool = False
    """Whether the value has a spin lock, under which user space reads and writes it too."""
    frozen: bool = False
    """Whether user space may not write it any more once the programs are loaded."""


@dataclass(frozen=True)
class ObjectSpec:
    """A whole object file, by name; `extra` are sections that mean nothing to the loader."""

    programs: Mapping[str, ProgramSpec]
    maps: Mapping[str, MapSpec]
    license: str = ""
    btf: Btf | None = field(default=None, repr=False)
    extra: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)

    def variable(self, name: str) -> tuple[MapSpec, VariableSpec] | None:
        """A global variable, and the map that holds it."""
        for map_spec in self.maps.values():
            for variable in map_spec.variables:
                if variable.name == name:
                    return map_spec, variable
        return None
