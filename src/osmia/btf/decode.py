"""A `.BTF` section -> types; every size, offset and id is checked."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from osmia.btf import types
from osmia.errors import MalformedError
from osmia.uapi.constants import BtfKind

MAGIC = 0xEB9F
HEADER = struct.Struct("<HBBIIIII")
MAXIMUM_TYPES = 1 << 20
_TYPE = struct.Struct("<III")
_QUALIFIERS = {BtfKind.CONST: "const", BtfKind.VOLATILE: "volatile", BtfKind.RESTRICT: "restrict"}


def _fault(reason: str, offset: int | None = None) -> MalformedError:
    return MalformedError("BTF", reason, offset)


class _Reader:
    """A position in the type section, and the strings."""

    def __init__(self, data: bytes, strings: bytes) -> None:
        self.data = data
        self.strings = strings
        self.position = 0

    def words(self, count: int) -> tuple[int, ...]:
        """The next `count` 32-bit words."""
        end = self.position + 4 * count
        if end > len(self.data):
            raise _fault("a type leaves the type section", self.position)
        words = struct.unpack_from(f"<{count}I", self.data, self.position)
        self.position = end
        return words

    def rows(self, count: int, width: int) -> Iterator[tuple[int, ...]]:
        """`count` records of `width` words."""
        words = self.words(count * width)
        return zip(*(words[column::width] for column in range(width)), strict=True)

    def name(self, offset: int) -> str:
        """A string."""
        end = self.strings.find(b"\0", offset, offset + types.LONGEST_STRING)
        if not 0 <= offset < len(self.strings) or end < 0:
            raise _fault("a name leaves the string section", offset)
        try:
            return self.strings[offset:end].decode()
        except UnicodeDecodeError:
            raise _fault("a name is not UTF-8", offset) from None


def signed(word: int, bits: int = 32) -> int:
    """A word read as two's complement."""
    return word - (1 << bits) if word >> (bits - 1) else word


def parts(data: bytes, first_string: int = 0) -> tuple[bytes, bytes]:
    """The type section and the string section; strings of split BTF continue its base's at `first_string`.

    Raises:
        MalformedError: bytes that are not BTF version 1 in little-endian order.
    """
    if len(data) < HEADER.size:
        raise _fault("shorter than its header")
    magic, version, _, header, type_offset, type_size, string_offset, string_size = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise _fault("does not begin with the BTF magic number", 0)
    if version != 1 or header < HEADER.size:
        raise _fault(f"version {version} with a header of {header} bytes", 2)
    for offset, size in ((type_offset, type_size), (string_offset, string_size)):
        if header + offset + size > len(data):
            raise _fault("a part leaves the section", header + offset)
    strings = data[header + string_offset :][:string_size]
    if (not first_string and (not strings or strings[0])) or strings[-1:] not in (b"", b"\0"):
        raise _fault("the strings do not begin and end with a zero byte", header + string_offset)
    return data[header + type_offset :][:type_size], strings


def type_at(data: bytes, strings: bytes, offset: int) -> types.Type:
    """The one type at a byte offset of a type section."""
    reader = _Reader(data, strings)
    reader.position = offset
    return _type(reader)


def decode_btf(data: bytes) -> types.Btf:
    """Take a `.BTF` section apart.

    Raises:
        MalformedError: bytes that are not BTF version 1 in little-endian order.
    """
    section, strings = parts(data)
    reader = _Reader(section, strings)
    found: list[types.Type] = []
    while reader.position < len(reader.data):
        if len(found) >= MAXIMUM_TYPES:
            raise _fault(f"more than {MAXIMUM_TYPES} types")
        found.append(_type(reader))
    btf = types.Btf(tuple(found), strings)
    _check_ids(btf)
    return btf


def _type(reader: _Reader) -> types.Type:
    start = reader.position
    name_offset, info, size_or_type = reader.words(3)
    try:
        kind = BtfKind(info >> 24 & 0x1F)
        decoder = _DECODERS[kind]
    except (ValueError, KeyError):
        raise _fault(f"kind {info >> 24 & 0x1F} does not exist", start) from None
    return decoder(reader, kind, reader.name(name_offset), info, size_or_type)


Decoder = Callable[[_Reader, BtfKind, str, int, int], types.Type]


def _int(reader: _Reader, _: BtfKind, name: str, info: int, size: int) -> types.Type:
    (word,) = reader.words(1)
    bits, offset, encoding = word & 0xFF, word >> 16 & 0xFF, word >> 24 & 0xF
    if not 0 < size <= 16 or bits + offset > 8 * size:
        raise _fault(f"integer {name!r} has {size} bytes and {bits} bits", reader.position)
    return types.Int(name, size, bits, encoding, offset)


def _float(_reader: _Reader, _: BtfKind, name: str, _info: int, size: int) -> types.Type:
    return types.Float(name, size)


def _pointer(_reader: _Reader, _: BtfKind, _name: str, _info: int, type: int) -> types.Type:
    return types.Pointer(type)


def _array(reader: _Reader, _: BtfKind, _name: str, _info: int, _size: int) -> types.Type:
    return types.Array(*reader.words(3))


def _composite(reader: _Reader, kind: BtfKind, name: str, info: int, size: int) -> types.Type:
    members: list[types.Member] = []
    for member_name, type, offset in reader.rows(info & 0xFFFF, 3):
        bits = offset >> 24 if info >> 31 else 0
        members.append(
            types.Member(reader.name(member_name), type, offset & 0xFFFFFF if info >> 31 else offset, bits)
        )
    return (types.Struct if kind == BtfKind.STRUCT else types.Union)(name, size, tuple(members))


def _enum(reader: _Reader, _: BtfKind, name: str, info: int, size: int) -> types.Type:
    negative = bool(info >> 31)
    values = tuple(
        types.Enumerator(reader.name(label), signed(value) if negative else value)
        for label, value in reader.rows(info & 0xFFFF, 2)
    )
    return types.Enum(name, size, negative, values)


def _enum64(reader: _Reader, _: BtfKind, name: str, info: int, size: int) -> types.Type:
    negative = bool(info >> 31)
    values = tuple(
        types.Enumerator(reader.name(label), signed(high << 32 | low, 64) if negative else high << 32 | low)
        for label, low, high in reader.rows(info & 0xFFFF, 3)
    )
    return types.Enum(name, size, negative, values, wide=True)


def _forward(_reader: _Reader, _: BtfKind, name: str, info: int, _type: int) -> types.Type:
    return types.Forward(name, bool(info >> 31))


def _typedef(_reader: _Reader, _: BtfKind, name: str, _info: int, type: int) -> types.Type:
    return types.Typedef(name, type)


def _qualifier(_reader: _Reader, kind: BtfKind, _name: str, _info: int, type: int) -> types.Type:
    return types.Qualifier(_QUALIFIERS[kind], type)


def _prototype(reader: _Reader, _: BtfKind, _name: str, info: int, result: int) -> types.Type:
    return types.FunctionPrototype(
        result,
        tuple(types.Parameter(reader.name(name), type) for name, type in reader.rows(info & 0xFFFF, 2)),
    )


def _function(_reader: _Reader, _: BtfKind, name: str, info: int, type: int) -> types.Type:
    return types.Function(name, type, info & 0xFFFF)


def _variable(reader: _Reader, _: BtfKind, name: str, _info: int, type: int) -> types.Type:
    return types.Variable(name, type, *reader.words(1))


def _section(reader: _Reader, _: BtfKind, name: str, info: int, size: int) -> types.Type:
    return types.DataSection(
        name, size, tuple(types.SectionVariable(*row) for row in reader.rows(info & 0xFFFF, 3))
    )


def _declaration_tag(reader: _Reader, _: BtfKind, name: str, _info: int, type: int) -> types.Type:
    return types.DeclarationTag(name, type, signed(*reader.words(1)))


def _type_tag(_reader: _Reader, _: BtfKind, name: str, _info: int, type: int) -> types.Type:
    return types.TypeTag(name, type)


_DECODERS: dict[BtfKind, Decoder] = {
    BtfKind.INT: _int,
    BtfKind.PTR: _pointer,
    BtfKind.ARRAY: _array,
    BtfKind.STRUCT: _composite,
    BtfKind.UNION: _composite,
    BtfKind.ENUM: _enum,
    BtfKind.FWD: _forward,
    BtfKind.TYPEDEF: _typedef,
    BtfKind.VOLATILE: _qualifier,
    BtfKind.CONST: _qualifier,
    BtfKind.RESTRICT: _qualifier,
    BtfKind.FUNC: _function,
    BtfKind.FUNC_PROTO: _prototype,
    BtfKind.VAR: _variable,
    BtfKind.DATASEC: _section,
    BtfKind.FLOAT: _float,
    BtfKind.DECL_TAG: _declaration_tag,
    BtfKind.TYPE_TAG: _type_tag,
    BtfKind.ENUM64: _enum64,
}


def references(type: types.Type) -> tuple[int, ...]:
    """The ids that a type names."""
    match type:
        case types.Int() | types.Float() | types.Enum() | types.Forward():
            return ()
        case types.Array():
            return type.type, type.index_type
        case types.Struct() | types.Union():
            return tuple(member.type for member in type.members)
        case types.FunctionPrototype():
            return type.result, *(parameter.type for parameter in type.parameters)
        case types.DataSection():
            return tuple(variable.type for variable in type.variables)
        case _:
            return (type.type,)


def _check_ids(btf: types.Btf) -> None:
    for number, type in enumerate(btf.types, 1):
        for id in references(type):
            if id > len(btf.types):
                raise _fault(f"type {number} names type {id}, the last one is {len(btf.types)}")
