"""BTF: what is written is read again, and bytes with one thing wrong are refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, strategies as st

from osmia.btf import (
    Btf,
    CoreRelocation,
    FunctionInfo,
    LineInfo,
    decode_btf,
    decode_extension,
    encode_btf,
    types,
)
from osmia.btf.decode import HEADER
from osmia.errors import MalformedError
from tests.builders.btf_writer import extension

EVERY_KIND = (
    types.Int("int", 4, 32, 1),
    types.Int("unsigned char", 1, 8),
    types.Float("double", 8),
    types.Pointer(1),
    types.Array(1, 2, 7),
    types.Struct("pair", 8, (types.Member("a", 1, 0), types.Member("b", 2, 32))),
    types.Struct("bits", 4, (types.Member("low", 1, 0, 3), types.Member("high", 1, 3, 29))),
    types.Union("either", 4, (types.Member("a", 1, 0),)),
    types.Enum("small", 4, True, (types.Enumerator("MINUS", -1), types.Enumerator("ONE", 1))),
    types.Enum("wide", 8, True, (types.Enumerator("LOW", -(1 << 40)),), wide=True),
    types.Enum("flags", 8, False, (types.Enumerator("TOP", 1 << 63),), wide=True),
    types.Forward("later", is_union=True),
    types.Typedef("number", 1),
    types.Qualifier("const", 13),
    types.Qualifier("volatile", 14),
    types.Qualifier("restrict", 4),
    types.FunctionPrototype(1, (types.Parameter("ctx", 4), types.Parameter("", 0))),
    types.Function("entry", 17, 1),
    types.Variable("total", 15, 1),
    types.DataSection(".bss", 4, (types.SectionVariable(19, 0, 4),)),
    types.DeclarationTag("tag", 6, -1),
    types.TypeTag("user", 1),
)


def test_every_kind_comes_back() -> None:
    data = encode_btf(Btf(EVERY_KIND, b"\0"))
    assert decode_btf(data).types == EVERY_KIND
    assert encode_btf(decode_btf(data)) == data


def test_strings_that_are_there_keep_their_place() -> None:
    strings = b"\0first\0int\0last\0"
    data = encode_btf(Btf((types.Int("int", 4, 32), types.Typedef("new", 1)), strings))
    decoded = decode_btf(data)
    assert decoded.strings.startswith(strings)
    assert decoded.string(7) == "int"
    assert decoded.strings.count(b"int\0") == 1


def test_sizes_go_through_typedefs_and_arrays() -> None:
    btf = Btf(EVERY_KIND, b"\0")
    sizes = {1: 4, 3: 8, 4: 8, 5: 28, 6: 8, 14: 4, 15: 4, 19: 4, 17: None, 12: None, 0: None, 99: None}
    assert {id: btf.size_of(id) for id in sizes} == sizes
    assert btf.resolve(15) == EVERY_KIND[0]


@pytest.mark.parametrize("type", [types.Typedef("loop", 1), types.Array(1, 1, 2)])
def test_a_type_that_contains_itself_has_no_size(type: types.Type) -> None:
    assert Btf((type,), b"\0").size_of(1) is None


def whole(
    body: bytes, strings: bytes = b"\0", *, magic: int = 0xEB9F, version: int = 1, excess: int = 0
) -> bytes:
    header = HEADER.pack(magic, version, 0, 24, 0, len(body) + excess, len(body), len(strings))
    return header + body + strings


def record(kind: int, name: int, third: int, *words: int, length: int = 0) -> bytes:
    return struct.pack(f"<{3 + len(words)}I", name, kind << 24 | length, third, *words)


MALFORMED = {
    "shorter than its header": b"\x9f\xeb\x01",
    "magic": whole(b"", magic=0x9FEB),
    "version 2": whole(b"", version=2),
    "a part leaves": whole(b"", excess=2),
    "begin and end with a zero": whole(b"", b"\0abc"),
    "kind 0 does not exist": whole(record(0, 0, 0)),
    "kind 31 does not exist": whole(record(31, 0, 0)),
    "a type leaves the type section": whole(record(1, 0, 4)),
    "name leaves the string section": whole(record(8, 5, 0)),
    "not UTF-8": whole(record(8, 1, 0), b"\0\xff\0"),
    "names type 2": whole(record(2, 0, 2)),
    "bytes and 33 bits": whole(record(1, 0, 4, 33)),
    "a type leaves": whole(record(4, 0, 4, length=0xFFFF)),
}


@pytest.mark.parametrize("reason", MALFORMED)
def test_malformed_btf_is_refused(reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        decode_btf(MALFORMED[reason])


@given(st.data())
def test_damaged_btf_never_raises_anything_else(data: st.DataObject) -> None:
    damaged = bytearray(encode_btf(Btf(EVERY_KIND, b"\0")))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    what = "BTF"
    try:
        decode_btf(bytes(damaged))
    except MalformedError as error:
        what = error.what
    assert what == "BTF"


BTF = Btf((), b"\0xdp\0prog.py\0    return 1\0")


def test_function_and_line_records() -> None:
    data = extension({1: [(0, 18), (64, 19)]}, {1: [(0, 5, 13, 7 << 10 | 3)]}, core=2)
    decoded = decode_extension(data, BTF)
    assert decoded.functions == {"xdp": (FunctionInfo(0, 18), FunctionInfo(64, 19))}
    assert decoded.lines == {"xdp": (LineInfo(0, 5, 13, 7, 3),)}
    assert decoded.core_relocations == {"": (CoreRelocation(0, 0, "", 0),) * 2}
    assert (BTF.string(5), BTF.string(13), BTF.string(9999)) == ("prog.py", "    return 1", "")


@pytest.mark.parametrize("size", [0, 3, 24, 40, 50, 60, 75])
def test_cut_extension_is_refused(size: int) -> None:
    data = extension({1: [(0, 18), (64, 19)]}, {1: [(0, 5, 13, 7 << 10 | 3)]})
    with pytest.raises(MalformedError, match="BTF extension"):
        decode_extension(data[:size], BTF)


@given(st.data())
def test_damaged_extension_never_raises_anything_else(data: st.DataObject) -> None:
    damaged = bytearray(extension({1: [(0, 18)]}, {1: [(0, 5, 13, 1024)]}, core=1))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    what = "BTF extension"
    try:
        decode_extension(bytes(damaged), BTF)
    except MalformedError as error:
        what = error.what
    assert what == "BTF extension"
