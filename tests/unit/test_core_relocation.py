"""CO-RE: clang's objects, relocated to structs of other layouts, without a kernel."""

from __future__ import annotations

import struct

import pytest

from osmia.btf import Btf, LazyBtf, encode_btf, types
from osmia.btf.relocation.compatibility import types_match
from osmia.errors import MalformedError, NotSupportedError, VerifierError
from osmia.loader import load_object, read_object
from osmia.loader.instructions import CALL, POISONED_CALL, SIZE, Instruction, unpack
from osmia.sys import ProgramImage
from tests.builders.clang import ClangError, compile_c
from tests.builders.fake_kernel import FakeKernel

PROLOGUE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#define CORE __attribute__((preserve_access_index))
char _license[] SEC("license") = "GPL";
struct inner { int first; unsigned second; } CORE;
enum state { OPEN = 4, CLOSED = 9 };
struct object {
    unsigned id;
    struct inner nested;
    int numbers[4];
    struct { unsigned long deep; };
    unsigned flag : 3;
    int small : 5;
    unsigned char kind;
    int sign;
    struct object *next;
    enum state now;
} CORE;
struct object___old { unsigned gone; unsigned id; } CORE;
struct missing { int x; } CORE;
"""

U8 = types.Int("unsigned char", 1, 8)
S32 = types.Int("int", 4, 32, 1)
U32 = types.Int("unsigned int", 4, 32)
U64 = types.Int("unsigned long", 8, 64)
S64 = types.Int("long", 8, 64, 1)


def kernel_types(sign: int = 2, number: str = "object") -> tuple[types.Type, ...]:
    """The same structs elsewhere; `sign` is the type of the field of that name."""
    return (
        U8,  # 1
        S32,  # 2
        U32,  # 3
        U64,  # 4
        types.Array(2, 3, 8),  # 5
        types.Struct("inner", 12, (types.Member("second", 3, 32), types.Member("first", 2, 64))),  # 6
        types.Union("", 8, (types.Member("deep", 4, 0), types.Member("other", 4, 0))),  # 7
        types.Pointer(10),  # 8
        types.Typedef("inner_t", 6),  # 9
        types.Struct(
            number,
            200,
            (
                types.Member("numbers", 5, 32 * 8),
                types.Member("nested", 9, 64 * 8),
                types.Member("id", 4, 16 * 8),
                types.Member("", 7, 80 * 8),
                types.Member("flag", 3, 96 * 8 + 7, 9),
                types.Member("small", 2, 96 * 8 + 20, 6),
                types.Member("kind", 1, 101 * 8),
                types.Member("sign", sign, 104 * 8),
                types.Member("next", 8, 112 * 8),
                types.Member("now", 11, 120 * 8),
            ),
        ),  # 10
        types.Enum("state", 4, False, (types.Enumerator("CLOSED", 70000), types.Enumerator("OPEN", 1))),  # 11
        S64,  # 12
    )


def kernel_btf(*more: types.Type, sign: int = 2) -> bytes:
    return encode_btf(Btf((*kernel_types(sign), *more), b"\0"))


def compiled(body: str) -> bytes:
    try:
        return compile_c(f'SEC("xdp") int program(struct xdp_md *ctx) {{ {body} }}', prologue=PROLOGUE)
    except ClangError as error:
        pytest.skip(str(error))


def instructions(body: str, btf: bytes | None = None) -> list[Instruction]:
    """The program's instructions as the kernel would get them."""
    data = compiled(body)
    kernel = FakeKernel(btf=kernel_btf() if btf is None else btf)
    with load_object(read_object(data), kernel=kernel):
        (code,) = (image.instructions for image in kernel.open.values() if isinstance(image, ProgramImage))
    return [unpack(code, offset) for offset in range(0, len(code), SIZE)]


def answer(body: str, btf: bytes | None = None) -> int:
    """The number that a program of the shape `r0 = number; exit` gives."""
    first, *_ = instructions(f"return {body};", btf)
    assert first.code in (0xB7, 0xB4, 0x18), first
    return first.immediate


OBJECT = "((struct object *)0)"
QUESTIONS = {
    f"__builtin_preserve_field_info({OBJECT}->id, 0)": 16,
    f"__builtin_preserve_field_info({OBJECT}->id, 1)": 8,
    f"__builtin_preserve_field_info({OBJECT}->nested.second, 0)": 68,
    f"__builtin_preserve_field_info({OBJECT}->nested.first, 0)": 72,
    f"__builtin_preserve_field_info({OBJECT}->numbers[3], 0)": 44,
    f"__builtin_preserve_field_info({OBJECT}->deep, 0)": 80,
    f"__builtin_preserve_field_info({OBJECT}->sign, 3)": 1,
    f"__builtin_preserve_field_info({OBJECT}->id, 3)": 0,
    f"__builtin_preserve_field_info({OBJECT}->id, 2)": 1,
    "__builtin_preserve_field_info(((struct object___old *)0)->gone, 2)": 0,
    "__builtin_preserve_field_info(((struct object___old *)0)->id, 0)": 16,
    "__builtin_preserve_field_info(((struct missing *)0)->x, 2)": 0,
    f"__builtin_preserve_field_info({OBJECT}->flag, 0)": 96,
    f"__builtin_preserve_field_info({OBJECT}->flag, 1)": 4,
    f"__builtin_preserve_field_info({OBJECT}->flag, 4)": 64 - 7 - 9,
    f"__builtin_preserve_field_info({OBJECT}->flag, 5)": 64 - 9,
    f"__builtin_preserve_field_info({OBJECT}->small, 3)": 1,
    "bpf_core_type_exists(struct object)": 1,
    "bpf_core_type_exists(struct missing)": 0,
    "bpf_core_type_size(struct object)": 200,
    "bpf_core_enum_value_exists(enum state, CLOSED)": 1,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers(question: str) -> None:
    assert answer(question) == QUESTIONS[question]


def test_enum_values_and_type_ids_are_wide() -> None:
    wide = instructions("return bpf_core_enum_value(enum state, CLOSED);")[0]
    assert (wide.code, wide.immediate) == (0x18, 70000)
    assert instructions("return bpf_core_type_id_kernel(struct object);")[0].immediate == 10


LOAD = "struct object *o = (void *)(long)ctx->data; return {};"


@pytest.mark.parametrize(
    ("field", "offset", "size"),
    [("o->id", 16, 8), ("o->kind", 101, 1), ("o->nested.second", 68, 4), ("(long)o->next", 112, 8)],
)
def test_loads_move_and_change_their_width(field: str, offset: int, size: int) -> None:
    loads = [each for each in instructions(LOAD.format(field)) if each.code & 0xE7 == 0x61]
    codes = {4: 0x61, 2: 0x69, 1: 0x71, 8: 0x79}
    assert (loads[-1].offset, loads[-1].code) == (offset, codes[size])


def test_a_signed_field_of_another_width_is_poisoned() -> None:
    made = instructions(LOAD.format("o->sign"), kernel_btf(sign=12))
    assert any(each.code == CALL and each.immediate == POISONED_CALL for each in made)


def test_the_error_names_what_is_missing() -> None:
    data = compiled("struct object___old *o = (void *)(long)ctx->data; return o->gone;")
    spec = read_object(data)
    entry = spec.programs["program"].entry
    place = entry.core_relocations[0].offset // SIZE
    log = (
        f"{place}: (85) call unknown#{POISONED_CALL}\ninvalid func unknown#{POISONED_CALL}\nprocessed 1 insns"
    )
    kernel = FakeKernel(btf=kernel_btf(), refuse={"program_load": [22, 22]}, log=log)
    with pytest.raises(VerifierError, match=r"struct object\.gone does not exist in this kernel") as caught:
        load_object(spec, kernel=kernel)
    assert "field_exists" in str(caught.value)


def test_candidates_that_differ_are_refused() -> None:
    other = types.Struct("object", 8, (types.Member("id", 3, 32),))
    with pytest.raises(NotSupportedError, match="several such types"):
        answer(f"__builtin_preserve_field_info({OBJECT}->id, 0)", kernel_btf(other))


def test_candidates_that_agree_are_taken() -> None:
    other = types.Struct("object___v2", 8, (types.Member("id", 4, 128),))
    assert answer(f"__builtin_preserve_field_info({OBJECT}->id, 0)", kernel_btf(other)) == 16


def test_a_module_has_what_the_kernel_has_not() -> None:
    base = LazyBtf(kernel_btf())
    module = types.Struct("missing", 16, (types.Member("x", 2, 96),))
    # Split BTF: ids and strings go on behind those of the kernel.
    strings = b"missing\0x\0"
    first = len(base.strings)
    records = struct.pack("<IIIIII", first, 4 << 24 | 1, 16, first + 8, 2, 96)
    header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(records), len(records), len(strings))
    split = LazyBtf(header + records + strings, base, "driver")
    assert list(split.named("missing")) == [(base.end, module)]
    assert split.type(3) == U32
    kernel = FakeKernel(btf=kernel_btf(), module_btf={"driver": header + records + strings})
    data = compiled("return __builtin_preserve_field_info(((struct missing *)0)->x, 0);")
    with load_object(read_object(data), kernel=kernel):
        (code,) = (image.instructions for image in kernel.open.values() if isinstance(image, ProgramImage))
    assert unpack(code, 0).immediate == 12


def test_a_kernel_without_types() -> None:
    data = compiled("return bpf_core_type_exists(struct object);")
    with pytest.raises(NotSupportedError, match="CONFIG_DEBUG_INFO_BTF"):
        load_object(read_object(data), kernel=FakeKernel())


MATCHES: dict[str, tuple[types.Type, bool]] = {
    "the same": (types.Struct("inner", 12, (types.Member("first", 2, 0),)), True),
    "another name": (types.Struct("outer", 12, (types.Member("first", 2, 0),)), False),
    "a flavour": (types.Struct("inner___v1", 12, (types.Member("first", 2, 0),)), True),
    "another width": (types.Struct("inner", 12, (types.Member("first", 4, 0),)), False),
    "another sign": (types.Struct("inner", 12, (types.Member("first", 3, 0),)), False),
    "a member too many": (types.Struct("inner", 12, (types.Member("third", 2, 0),)), False),
    "a union": (types.Union("inner", 12, (types.Member("first", 2, 0),)), False),
}


@pytest.mark.parametrize("case", MATCHES)
def test_whether_types_match(case: str) -> None:
    local_type, expected = MATCHES[case]
    local = Btf((U8, S32, U32, U64, types.Pointer(6), local_type), b"\0")
    target = LazyBtf(kernel_btf(types.Pointer(6)))
    assert types_match(local, 6, target, 6) is expected
    # Behind a pointer only name and kind count.
    assert types_match(local, 5, target, 13) is (case not in ("another name", "a union"))


def test_lazy_types_are_those_that_decoding_gives() -> None:
    whole = kernel_types()
    lazy = LazyBtf(kernel_btf())
    assert tuple(lazy.type(id) for id in range(1, lazy.end)) == whole
    assert lazy.type(0) is None
    assert lazy.type(lazy.end) is None
    assert [id for id, _ in lazy.named("inner")] == [6]
    assert lazy.named("nothing") == ()


@pytest.mark.parametrize("cut", [1, 4, 40])
def test_damaged_kernel_types_are_refused(cut: int) -> None:
    data = bytearray(kernel_btf())
    struct.pack_into("<I", data, 12, struct.unpack_from("<I", data, 12)[0] - cut)
    with pytest.raises(MalformedError):
        all_types(bytes(data))


def all_types(data: bytes) -> list[types.Type | None]:
    lazy = LazyBtf(data)
    return [lazy.type(id) for id in range(1, lazy.end)]
