"""Maps of an object: BTF definitions in `.maps`, and data sections as arrays of one value."""

from __future__ import annotations

from collections.abc import Iterator

from osmia.btf import Btf, types
from osmia.dataclass import dataclass, replace
from osmia.elf import ElfObject, Section, Symbol, SymbolType
from osmia.errors import MalformedError, NotSupportedError
from osmia.loader.specification import MapSpec, VariableSpec
from osmia.uapi import MapFlags, MapType

_DATA_SECTIONS = (".rodata", ".data", ".bss")
_KNOWN_MEMBERS = frozenset({"type", "key", "value", "max_entries", "key_size", "value_size", "map_flags"})
_VALUES = "values"
"""The member that names what stands in a program array or a map of maps; no other map's is known."""
_OF_MAPS = frozenset({MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS})
_LIMIT = 0xFFFFFFFF


def is_data_section(name: str) -> bool:
    """Whether a section holds global variables: `.rodata`, `.data`, `.bss` and what begins so."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in _DATA_SECTIONS)


def _fault(reason: str, offset: int | None = None) -> MalformedError:
    return MalformedError("ELF object", reason, offset)


@dataclass(frozen=True)
class _Member:
    """What a member of a map definition says: a number (`__uint`) or a type (`__type`)."""

    number: int | None
    type_id: int


def _member(btf: Btf, member: types.Member, map_name: str) -> _Member:
    pointer = btf.resolve(member.type)
    if not isinstance(pointer, types.Pointer):
        raise NotSupportedError(f"member {member.name!r} of map {map_name!r}", needs="a later osmia")
    target = btf.resolve(pointer.type)
    return _Member(target.count if isinstance(target, types.Array) else None, pointer.type)


def _definition(elf: ElfObject, btf: Btf, symbol: Symbol, variable: types.Variable) -> MapSpec:
    struct = btf.resolve(variable.type)
    spec = _described(btf, symbol.name, struct)
    assert isinstance(struct, types.Struct)
    if spec.type == MapType.PROG_ARRAY:
        return replace(spec, programs=_values(elf, symbol, struct, SymbolType.FUNC, "program"))
    if spec.type in _OF_MAPS:
        inner = replace(_inner(btf, symbol.name, struct), name=symbol.name)
        maps = _values(elf, symbol, struct, SymbolType.OBJECT, "map")
        return replace(spec, inner=inner, maps=maps)
    return spec


def _inner(btf: Btf, name: str, definition: types.Struct) -> MapSpec:
    """What the definition of a map of maps says of the maps in it."""
    member = next((each for each in definition.members if each.name == _VALUES), None)
    array = btf.resolve(member.type) if member is not None else None
    pointer = btf.resolve(array.type) if isinstance(array, types.Array) else None
    struct = btf.resolve(pointer.type) if isinstance(pointer, types.Pointer) else None
    if not isinstance(struct, types.Struct):
        raise _fault(f"map {name!r} does not say what the maps in it are like")
    inner = _described(btf, name, struct)
    if inner.type in _OF_MAPS:
        raise _fault(f"the maps in map {name!r} are maps of maps")
    return inner


def _described(btf: Btf, name: str, struct: types.Type | None) -> MapSpec:
    """A map without what stands in it."""
    if not isinstance(struct, types.Struct):
        raise _fault(f"map {name!r} is not defined by a struct")
    members: dict[str, _Member] = {}
    for member in struct.members:
        if member.name in _KNOWN_MEMBERS:
            members[member.name] = _member(btf, member, name)

    def number(key: str) -> int | None:
        found = members.get(key)
        if found is not None and found.number is None:
            raise _fault(f"{key!r} of map {name!r} is not a number")
        return found.number if found is not None else None

    def sized(key: str) -> tuple[int, int]:
        """Size and type id of the key or the value."""
        found = members.get(key)
        size = number(f"{key}_size")
        if found is None:
            return size or 0, 0
        type_size = btf.size_of(found.type_id)
        if type_size is None or (size is not None and size != type_size):
            raise _fault(f"the {key} of map {name!r} has no size, or two different ones")
        return type_size, found.type_id

    try:
        map_type = MapType(number("type") or 0)
    except ValueError:
        raise NotSupportedError(f"map type {number('type')} of map {name!r}", needs="a later osmia") from None
    _refuse_unknown(name, map_type, struct)
    key_size, key_type = sized("key")
    value_size, value_type = sized("value")
    if max(key_size, value_size) > _LIMIT:
        raise _fault(f"map {name!r} has entries of {max(key_size, value_size)} bytes")
    if map_type == MapType.PERF_EVENT_ARRAY:
        # Its entries are descriptors; a definition may give the type of the events instead.
        key_size, key_type, value_size, value_type = 4, 0, 4, 0
    if map_type == MapType.PROG_ARRAY or map_type in _OF_MAPS:
        value_size, value_type = 4, 0
    if map_type == MapType.RINGBUF:
        key_size, key_type, value_size, value_type = 0, 0, 0, 0
    flags = MapFlags(number("map_flags") or 0)
    locked = _has_lock(btf, value_type)
    return MapSpec(
        name,
        map_type,
        key_size,
        value_size,
        number("max_entries") or 0,
        flags,
        key_type,
        value_type,
        locked=locked,
    )


def _refuse_unknown(name: str, map_type: MapType, definition: types.Struct) -> None:
    for member in definition.members:
        has_values = map_type == MapType.PROG_ARRAY or map_type in _OF_MAPS
        if member.name not in _KNOWN_MEMBERS and not (has_values and member.name == _VALUES):
            raise NotSupportedError(f"member {member.name!r} of map {name!r}", needs="a later osmia")


def _values(
    elf: ElfObject, symbol: Symbol, definition: types.Struct, kind: SymbolType, what: str
) -> dict[int, str]:
    """The programs or maps that a definition points to, where it does, by index."""
    starts = [member.bit_offset // 8 for member in definition.members if member.name == _VALUES]
    if not starts:
        return {}
    start = starts[0]
    known = {(each.section, each.value): each.name for each in elf.symbols if each.type == kind}
    section = symbol.section
    assert section is not None
    data = elf.sections[section].data
    found: dict[int, str] = {}
    for relocation in elf.relocations.get(section, ()):
        place = relocation.offset - symbol.value
        if not start <= place < symbol.size:
            continue
        target = relocation.symbol.value + int.from_bytes(
            data[relocation.offset : relocation.offset + 8], "little"
        )
        name = known.get((relocation.symbol.section, target))
        if name is None or (place - start) % 8:
            raise _fault(f"map {symbol.name!r} refers to what is no {what}", relocation.offset)
        found[(place - start) // 8] = name
    return found


def _has_lock(btf: Btf, value_type: int) -> bool:
    """Whether a value is a struct with a spin lock, which the kernel knows by the name of its type."""
    value = btf.resolve(value_type) if value_type else None
    members = value.members if isinstance(value, types.Struct) else ()
    inner = (btf.resolve(member.type) for member in members)
    return any(isinstance(each, types.Struct) and each.name == "bpf_spin_lock" for each in inner)


def map_definitions(elf: ElfObject, btf: Btf | None) -> Iterator[tuple[int, MapSpec]]:
    """The maps of section `.maps`, each with its offset there."""
    if elf.section("maps") is not None:
        raise NotSupportedError("map definitions without BTF (section 'maps')", needs="section '.maps'")
    section = elf.section(".maps")
    if section is None:
        return
    if btf is None:
        raise _fault("has maps but no BTF; compile with -g")
    symbols = {
        symbol.name: symbol
        for symbol in elf.symbols
        if symbol.section == section.index and symbol.type == SymbolType.OBJECT
    }
    for _, entry in _variables(btf, ".maps"):
        variable = btf.type(entry.type)
        assert isinstance(variable, types.Variable)
        if variable.name not in symbols:
            raise _fault(f"map {variable.name!r} has no symbol")
        symbol = symbols[variable.name]
        yield symbol.value, _definition(elf, btf, symbol, variable)


def _variables(btf: Btf, section: str) -> Iterator[tuple[int, types.SectionVariable]]:
    for id, type in enumerate(btf.types, 1):
        if isinstance(type, types.DataSection) and type.name == section:
            for entry in type.variables:
                if not isinstance(btf.type(entry.type), types.Variable):
                    raise MalformedError("BTF", f"section {section!r} holds something that is no variable")
                yield id, entry


def data_map(elf: ElfObject, section: Section, btf: Btf | None) -> MapSpec:
    """The map of a data section; one without contents in the file (`.bss`) is all zero."""
    contents = section.data or bytes(section.size)
    read_only = section.name.startswith(".rodata")
    type_ids: dict[str, int] = {}
    section_id = 0
    if btf is not None:
        for id, entry in _variables(btf, section.name):
            variable = btf.type(entry.type)
            assert isinstance(variable, types.Variable)
            section_id, type_ids[variable.name] = id, variable.type
    variables = tuple(
        VariableSpec(symbol.name, symbol.value, symbol.size, type_ids.get(symbol.name, 0))
        for symbol in elf.symbols
        if symbol.section == section.index and symbol.type == SymbolType.OBJECT and symbol.size
    )
    return MapSpec(
        section.name,
        MapType.ARRAY,
        4,
        len(contents),
        1,
        # What programs write is shared with user space (Linux 5.5).
        MapFlags.RDONLY_PROG if read_only else MapFlags.MMAPABLE,
        value_type_id=section_id,
        contents=contents,
        variables=variables,
        frozen=read_only,
    )


def place_variables(btf: Btf, elf: ElfObject) -> Btf:
    """BTF whose sections have the sizes and offsets of the ELF file, which the compiler leaves at zero."""
    sections = {section.name: section for section in elf.sections if section.name}
    places = {
        (symbol.section, symbol.name): symbol.value
        for symbol in elf.symbols
        if symbol.section is not None and symbol.type == SymbolType.OBJECT
    }
    changed: list[types.Type] = []
    for type in btf.types:
        section = sections.get(type.name) if isinstance(type, types.DataSection) else None
        if not isinstance(type, types.DataSection) or section is None:
            changed.append(type)
            continue
        entries: list[types.SectionVariable] = []
        for entry in type.variables:
            variable = btf.type(entry.type)
            offset = entry.offset
            if isinstance(variable, types.Variable):
                offset = places.get((section.index, variable.name), entry.offset)
            entries.append(types.SectionVariable(entry.type, offset, entry.size))
        entries.sort(key=lambda entry: entry.offset)
        changed.append(types.DataSection(type.name, section.size, tuple(entries)))
    return types.Btf(tuple(changed), btf.strings)
