"""Types -> a `.BTF` section."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from osmia.btf import types
from osmia.btf.decode import HEADER, MAGIC
from osmia.uapi.constants import BtfKind

_QUALIFIERS = {"const": BtfKind.CONST, "volatile": BtfKind.VOLATILE, "restrict": BtfKind.RESTRICT}


class _Strings:
    """The string section, growing; strings that are there already keep their offset."""

    def __init__(self, start: bytes) -> None:
        self.data = bytearray(start or b"\0")
        self.offsets: dict[str, int] = {}
        position = 0
        for part in bytes(self.data).split(b"\0")[:-1]:
            self.offsets.setdefault(part.decode(errors="replace"), position)
            position += len(part) + 1

    def offset(self, text: str) -> int:
        """Where a string stands, added where it is new."""
        if text not in self.offsets:
            self.offsets[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return self.offsets[text]


def encode_btf(btf: types.Btf) -> bytes:
    """The section; offsets into `btf.strings` stay valid, new names stand behind."""
    strings = _Strings(btf.strings)
    body = b"".join(_encode(type, strings) for type in btf.types)
    header = HEADER.pack(MAGIC, 1, 0, HEADER.size, 0, len(body), len(body), len(strings.data))
    return header + body + bytes(strings.data)


def _record(
    strings: _Strings, kind: BtfKind, name: str, third: int, words: Iterable[int] = (), *, info: int = 0
) -> bytes:
    values = (strings.offset(name), kind << 24 | info, third, *words)
    return struct.pack(f"<{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def _encode(type: types.Type, strings: _Strings) -> bytes:
    match type:
        case types.Struct() | types.Union():
            return _composite(type, strings)
        case types.Enum():
            return _enum(type, strings)
        case types.FunctionPrototype():
            words = [word for part in type.parameters for word in (strings.offset(part.name), part.type)]
            return _record(strings, BtfKind.FUNC_PROTO, "", type.result, words, info=len(type.parameters))
        case types.DataSection():
            words = [word for part in type.variables for word in (part.type, part.offset, part.size)]
            return _record(strings, BtfKind.DATASEC, type.name, type.size, words, info=len(type.variables))
        case _:
            kind, name, third, rest, info = _plain(type)
            return _record(strings, kind, name, third, rest, info=info)


_Plain = (
    types.Int
    | types.Float
    | types.Pointer
    | types.Array
    | types.Forward
    | types.Typedef
    | types.Qualifier
    | types.Function
    | types.Variable
    | types.DeclarationTag
    | types.TypeTag
)


def _plain(type: _Plain) -> tuple[BtfKind, str, int, tuple[int, ...], int]:
    """Kind, name, third word, further words and info bits of a type without a list."""
    match type:
        case types.Int():
            detail = type.encoding << 24 | type.offset << 16 | type.bits
            return BtfKind.INT, type.name, type.size, (detail,), 0
        case types.Float():
            return BtfKind.FLOAT, type.name, type.size, (), 0
        case types.Pointer():
            return BtfKind.PTR, "", type.type, (), 0
        case types.Array():
            return BtfKind.ARRAY, "", 0, (type.type, type.index_type, type.count), 0
        case types.Forward():
            return BtfKind.FWD, type.name, 0, (), type.is_union << 31
        case types.Typedef():
            return BtfKind.TYPEDEF, type.name, type.type, (), 0
        case types.Qualifier():
            return _QUALIFIERS[type.kind], "", type.type, (), 0
        case types.Function():
            return BtfKind.FUNC, type.name, type.type, (), type.linkage
        case types.Variable():
            return BtfKind.VAR, type.name, type.type, (type.linkage,), 0
        case types.DeclarationTag():
            return BtfKind.DECL_TAG, type.value, type.type, (type.component,), 0
        case types.TypeTag():
            return BtfKind.TYPE_TAG, type.value, type.type, (), 0


def _composite(type: types.Struct | types.Union, strings: _Strings) -> bytes:
    kind = BtfKind.STRUCT if isinstance(type, types.Struct) else BtfKind.UNION
    words: list[int] = []
    for member in type.members:
        words += [strings.offset(member.name), member.type, member.bit_size << 24 | member.bit_offset]
    has_bit_fields = any(member.bit_size for member in type.members)
    info = has_bit_fields << 31 | len(type.members)
    return _record(strings, kind, type.name, type.size, words, info=info)


def _enum(type: types.Enum, strings: _Strings) -> bytes:
    words: list[int] = []
    for enumerator in type.enumerators:
        words += [strings.offset(enumerator.name), enumerator.value]
        if type.wide:
            words.append(enumerator.value >> 32)
    kind = BtfKind.ENUM64 if type.wide else BtfKind.ENUM
    info = type.signed << 31 | len(type.enumerators)
    return _record(strings, kind, type.name, type.size, words, info=info)
