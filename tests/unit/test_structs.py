"""Layout of structs and arrays, against ctypes; windows and copies."""

from __future__ import annotations

import ctypes
from typing import Any, Literal, cast

import pytest
from hypothesis import given, strategies as st

from osmia import Array, Comm, Integer, Struct, be16, be32, i8, i16, i32, i64, struct, u8, u16, u32, u64
from osmia.lang.memory import MemoryCodec, alignment_of, decode, encode, size_of
from osmia.net import ArpHdr, EthHdr, IcmpHdr, Ipv4Hdr, Ipv6Hdr, TcpHdr, UdpHdr, VlanHdr

C_TYPES: dict[Any, Any] = {
    u8: ctypes.c_uint8,
    u16: ctypes.c_uint16,
    u32: ctypes.c_uint32,
    u64: ctypes.c_uint64,
    i8: ctypes.c_int8,
    i16: ctypes.c_int16,
    i32: ctypes.c_int32,
    i64: ctypes.c_int64,
    be16: ctypes.c_uint16,
    be32: ctypes.c_uint32,
    bool: ctypes.c_bool,
}

scalars = st.sampled_from(list(C_TYPES))


def make_struct(types: list[Any]) -> type[Struct]:
    fields: dict[str, object] = {f"f{index}": kind for index, kind in enumerate(types)}
    return cast("type[Struct]", struct(type("Generated", (), {"__annotations__": fields})))


def make_c_struct(types: list[Any]) -> Any:
    return type(
        "CGenerated", (ctypes.Structure,), {"_fields_": [(f"f{i}", kind) for i, kind in enumerate(types)]}
    )


@st.composite
def layouts(draw: st.DrawFn, depth: int = 2) -> tuple[Any, Any]:
    """A struct type and the same in ctypes: scalars, arrays and structs within."""
    ours: list[Any] = []
    theirs: list[Any] = []
    for _ in range(draw(st.integers(1, 6))):
        choice = draw(st.integers(0, 5))
        scalar = draw(scalars)
        kind, c_kind = scalar, C_TYPES[scalar]
        if choice == 0 and depth:
            kind, c_kind = draw(layouts(depth - 1))
        if choice <= 1:
            length = draw(st.integers(1, 5))
            array: Any = Array
            kind, c_kind = array[kind, Literal[length]], c_kind * length
        ours.append(kind)
        theirs.append(c_kind)
    return make_struct(ours), make_c_struct(theirs)


@given(layouts())
def test_layout_is_that_of_c(pair: tuple[type[Struct], Any]) -> None:
    ours, theirs = pair
    assert size_of(ours) == ctypes.sizeof(theirs)
    assert alignment_of(ours) == ctypes.alignment(theirs)
    for field in ours.layout:
        descriptor = getattr(theirs, field.name)
        assert (field.offset, field.size) == (descriptor.offset, descriptor.size)
    dtype = ours.numpy_dtype()
    assert dtype.itemsize == ctypes.sizeof(theirs)
    assert dtype.fields is not None
    offsets: Any = dtype.fields
    assert [offsets[field.name][1] for field in ours.layout] == [field.offset for field in ours.layout]


@given(kinds=st.lists(scalars, min_size=1, max_size=8), data=st.data())
def test_fields_are_written_where_c_has_them_and_padding_is_zero(
    kinds: list[Any], data: st.DataObject
) -> None:
    numbers = [data.draw(st.integers(-(2**63), 2**64 - 1)) for _ in kinds]
    names = [f"f{index}" for index in range(len(kinds))]
    values = [kind(number) for kind, number in zip(kinds, numbers, strict=True)]
    record = make_struct(kinds)(**dict(zip(names, values, strict=True)))
    expected = make_c_struct([C_TYPES[kind] for kind in kinds])()
    for name, kind, value in zip(names, kinds, values, strict=True):
        number = int(value)
        if issubclass(kind, Integer) and kind.byte_order == "big":
            number = int.from_bytes(number.to_bytes(kind.bits // 8, "big"), "little")
        setattr(expected, name, number)
        assert getattr(record, name) == value
    assert bytes(record) == bytes(expected)


@struct
class Inner:
    a: u8
    b: u32


@struct
class Outer:
    flag: bool
    inner: Inner
    words: Array[u16, Literal[3]]
    comm: Comm
    total: u64 = u64(7)

    @property
    def sum(self) -> u32:
        return u32(self.words[0]) + self.inner.b


def outer() -> Outer:
    return Outer(
        flag=True,
        inner=Inner(a=u8(1), b=u32(2)),
        words=Array[u16, Literal[3]](u16(3), u16(4), u16(5)),
        comm=Comm(),
    )


def test_nested_fields_are_windows() -> None:
    record = outer()
    record.inner.b = u32(99)
    record.words[2] += 10
    assert record.inner.b == 99
    assert list(record.words) == [3, 4, 15]
    assert record.total == 7
    assert record.sum == 102


def test_assigning_a_struct_copies_it() -> None:
    record, inner = outer(), Inner(a=u8(8), b=u32(9))
    record.inner = inner
    inner.b = u32(0)
    assert record.inner.b == 9


def test_bytes_and_back() -> None:
    record = outer()
    codec = MemoryCodec(Outer)
    assert codec.size == size_of(Outer) == 48
    copy = codec.decode(codec.encode(record))
    assert copy == record
    assert hash(copy) == hash(record)
    copy.flag = False
    assert copy != record


def test_decode_of_a_writable_buffer_is_a_window() -> None:
    buffer = bytearray(size_of(Inner))
    window: Inner = decode(Inner, buffer)
    window.b = u32(0x01020304)
    assert buffer == bytes([0, 0, 0, 0, 4, 3, 2, 1])


def test_text_of_records() -> None:
    assert repr(Inner(a=u8(1), b=u32(2))) == "Inner(a=1, b=2)"
    name = Comm(*(u8(byte) for byte in b"python3".ljust(16, b"\0")))
    assert str(name) == "python3"


def test_mistakes_are_refused() -> None:
    make: Any = Inner
    with pytest.raises(TypeError, match="field 'b' is missing"):
        make(a=u8(1))
    with pytest.raises(TypeError, match="no field 'c'"):
        make(a=u8(1), b=u32(1), c=u32(1))
    with pytest.raises(TypeError, match="expected u32, got u64"):
        make(a=u8(1), b=u64(1))
    with pytest.raises(IndexError, match="out of range"):
        outer().words[3]
    array: Any = Array
    with pytest.raises(TypeError, match=r"Literal\[n\]"):
        array[u8, 6]
    with pytest.raises(TypeError, match="at least one"):
        array[u8, Literal[0]]
    with pytest.raises(TypeError, match="3 elements, got 2"):
        array[u8, Literal[3]](u8(1), u8(2))
    with pytest.raises(TypeError, match="no layout in memory"):
        struct(type("Bad", (), {"__annotations__": {"x": int}}))
    with pytest.raises(TypeError, match="cannot inherit"):
        struct(type("Derived", (Inner,), {"__annotations__": {"y": u8}}))


def test_a_codec_refuses_a_plain_int_that_does_not_fit() -> None:
    codec: Any = MemoryCodec(u32)
    assert codec.encode(7) == encode(u32, u32(7))
    with pytest.raises(ValueError, match="1099511627776 does not fit into u32"):
        codec.encode(2**40)
    with pytest.raises(ValueError, match="-1 does not fit"):
        codec.encode(-1)


@pytest.mark.parametrize(
    ("header", "size"),
    [
        (EthHdr, 14),
        (VlanHdr, 4),
        (ArpHdr, 28),
        (Ipv4Hdr, 20),
        (Ipv6Hdr, 40),
        (TcpHdr, 20),
        (UdpHdr, 8),
        (IcmpHdr, 8),
    ],
)
def test_headers_have_their_size_on_the_wire(header: type[Any], size: int) -> None:
    assert size_of(header) == size
