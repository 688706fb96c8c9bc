"""Types -> a `.BTF` section."""

from __future__ import annotations

import struct

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


def _encode(type: types.Type, strings: _Strings) -> bytes:
    def record(
        kind: BtfKind, name: str, third: int, *words: int, length: int = 0, flag: bool = False
    ) -> bytes:
        info = flag << 31 | kind << 24 | length
        values = (strings.offset(name), info, third, *words)
        return struct.pack(f"<{len(values)}I", *(value & 0xFFFFFFFF for value in values))

    match type:
        case types.Int():
            detail = type.encoding << 24 | type.offset << 16 | type.bits
            return record(BtfKind.INT, type.name, type.size, detail)
        case types.Float():
            return record(BtfKind.FLOAT, type.name, type.size)
        case types.Pointer():
            return record(BtfKind.PTR, "", type.type)
        case types.Array():
            return record(BtfKind.ARRAY, "", 0, type.type, type.index_type, type.count)
        case types.Struct() | types.Union():
            kind = BtfKind.STRUCT if isinstance(type, types.Struct) else BtfKind.UNION
            flag = any(member.bit_size for member in type.members)
            words = [
                word
                for member in type.members
                for word in (
                    strings.offset(member.name),
                    member.type,
                    member.bit_size << 24 | member.bit_offset,
                )
            ]
            return record(kind, type.name, type.size, *words, length=len(type.members), flag=flag)
        case types.Enum():
            return _enum(type, strings)
        case types.Forward():
            return record(BtfKind.FWD, type.name, 0, flag=type.is_union)
        case types.Typedef():
            return record(BtfKind.TYPEDEF, type.name, type.type)
        case types.Qualifier():
            return record(_QUALIFIERS[type.kind], "", type.type)
        case types.FunctionPrototype():
            words = [word for part in type.parameters for word in (strings.offset(part.name), part.type)]
            return record(BtfKind.FUNC_PROTO, "", type.result, *words, length=len(type.parameters))
        case types.Function():
            return record(BtfKind.FUNC, type.name, type.type, length=type.linkage)
        case types.Variable():
            return record(BtfKind.VAR, type.name, type.type, type.linkage)
        case types.DataSection():
            words = [word for part in type.variables for word in (part.type, part.offset, part.size)]
            return record(BtfKind.DATASEC, type.name, type.size, *words, length=len(type.variables))
        case types.DeclarationTag():
            return record(BtfKind.DECL_TAG, type.value, type.type, type.component)
        case types.TypeTag():
            return record(BtfKind.TYPE_TAG, type.value, type.type)


def _enum(type: types.Enum, strings: _Strings) -> bytes:
    kind = BtfKind.ENUM64 if type.wide else BtfKind.ENUM
    words = [strings.offset(type.name), type.signed << 31 | kind << 24 | len(type.enumerators), type.size]
    for enumerator in type.enumerators:
        words += [strings.offset(enumerator.name), enumerator.value & 0xFFFFFFFF]
        if type.wide:
            words.append(enumerator.value >> 32 & 0xFFFFFFFF)
    return struct.pack(f"<{len(words)}I", *words)
