"""LLVM's CO-RE intrinsics: BPFAbstractMemberAccess and BPFPreserveDIType make relocations of them."""

from __future__ import annotations

from osmia.compiler.ir.ops import FieldInfo, KernelEnum
from osmia.compiler.ir.types import StructType

DECLARATIONS = (
    "declare ptr @llvm.preserve.struct.access.index.p0.p0(ptr, i32, i32)",
    "declare ptr @llvm.preserve.union.access.index.p0.p0(ptr, i32)",
    "declare i32 @llvm.bpf.preserve.field.info.p0(ptr, i64)",
    "declare i32 @llvm.bpf.preserve.type.info(i32, i64)",
    "declare i64 @llvm.bpf.preserve.enum.value(i32, ptr, i64)",
)

FIELD_INFO: dict[FieldInfo, int] = {
    "offset": 0,
    "size": 1,
    "exists": 2,
    "signed": 3,
    "left shift": 4,
    "right shift": 5,
}
"""enum bpf_core_relo_kind, of which these are the first."""


def access(struct: StructType, pointer: str, index: int, node: str) -> str:
    """The address of a field; `node` is the debug information of the struct."""
    kernel = struct.kernel
    assert kernel is not None
    suffix = f", !llvm.preserve.access.index {node}"
    if kernel.is_union:
        return f"call ptr @llvm.preserve.union.access.index.p0.p0(ptr {pointer}, i32 {index}){suffix}"
    # What the elements are does not matter, but for the alignment, up to which bit fields may reach.
    elements = ", ".join(["i64"] * len(kernel.fields))
    return (
        f"call ptr @llvm.preserve.struct.access.index.p0.p0(ptr elementtype({{ {elements} }}) {pointer}, "
        f"i32 {index}, i32 {index}){suffix}"
    )


def field_info(address: str, kind: FieldInfo) -> str:
    """A question about the field at an address that `access` gave."""
    return f"call i32 @llvm.bpf.preserve.field.info.p0(ptr {address}, i64 {FIELD_INFO[kind]})"


def type_info(number: int, node: str, *, size: bool) -> str:
    """A question about a struct; LLVM wants another number in each."""
    return (
        f"call i32 @llvm.bpf.preserve.type.info(i32 {number}, i64 {int(size)}), "
        f"!llvm.preserve.access.index {node}"
    )


def enum_info(number: int, enumeration: KernelEnum, index: int, node: str, *, exists: bool) -> str:
    """A question about a member of an enumeration; LLVM wants another number in each."""
    name = enum_member_name(enumeration, index)
    return (
        f"call i64 @llvm.bpf.preserve.enum.value(i32 {number}, ptr {name}, i64 {int(not exists)}), "
        f"!llvm.preserve.access.index {node}"
    )


def enum_member_name(enumeration: KernelEnum, index: int) -> str:
    """The name of the constant that `enum_member` defines."""
    return f'@"enum {enumeration.name}.{enumeration.members[index][0]}"'


def enum_member(enumeration: KernelEnum, index: int) -> str:
    """A member in the spelling that LLVM parses: name, colon, number."""
    name, value = enumeration.members[index]
    text = f"{name}:{value}".encode() + b"\0"
    data = "".join(f"\\{byte:02X}" for byte in text)
    return f'{enum_member_name(enumeration, index)} = private constant [{len(text)} x i8] c"{data}"'
