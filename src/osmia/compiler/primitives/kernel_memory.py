"""Structs of the kernel: reads that CO-RE relocates, and questions about fields and types."""

from __future__ import annotations

from osmia.compiler import findings
from osmia.compiler.check.context import Checker
from osmia.compiler.check.helper_rules import may_call
from osmia.compiler.check.values import Reference, Scalar, Static, Value, scalar
from osmia.compiler.ir.operands import Null, Number, Operand
from osmia.compiler.ir.ops import (
    AddressToPointer,
    FieldInfo,
    KernelFieldAddress,
    KernelFieldInfo,
    KernelTypeInfo,
    Load,
    PointerToAddress,
    Zero,
)
from osmia.compiler.ir.types import (
    I64,
    U32,
    U64,
    ArrayType,
    BoolType,
    IntegerType,
    KernelField,
    KernelStruct,
    MemoryType,
    PointerType,
    Space,
    StructType,
)
from osmia.compiler.primitives.method import Call
from osmia.diagnostics import Span
from osmia.lang import kernel_structs as lang

PROBE_READ_KERNEL = 113
_NO_ADDRESS = Null(PointerType(None, Space.KERNEL))


def field(checker: Checker, receiver: Reference, kernel: KernelStruct, name: str, span: Span) -> Value:
    """`struct.name`: its value; another struct, inside or behind a pointer, stays where it is."""
    index = next((number for number, each in enumerate(kernel.fields) if each.name == name), None)
    struct = receiver.type.pointee
    if index is None or not isinstance(struct, StructType):
        known = tuple(each.name for each in kernel.fields)
        return checker.report(findings.no_attribute(span, str(struct), name, known))
    wanted = kernel.fields[index]
    if wanted.bits:
        return _bit_field(checker, receiver.operand, struct, index)
    space = receiver.type.space
    address = checker.builder.register(PointerType(wanted.type, space))
    checker.builder.emit(KernelFieldAddress(address, receiver.operand, struct, index))
    match wanted.type:
        case None:
            return _pointer(checker, address, struct, wanted, space)
        case StructType():
            return Reference(address)
        case ArrayType():
            target = checker.slot(wanted.type)
            _probe(checker, target, Number(wanted.type.size, U32), address)
            return Reference(target, fresh=True)
        case _:
            return scalar(_read(checker, address, wanted.type, space))


def _pointer(
    checker: Checker, address: Operand, struct: StructType, wanted: KernelField, space: Space
) -> Value:
    python_class = checker.module.types.python_class(struct)
    assert python_class is not None
    target = python_class.kernel_fields()[wanted.name].type
    if target is None:
        return scalar(_read(checker, address, U64, Space.KERNEL))
    kind = PointerType(checker.module.types.kernel_struct(target), space)
    if space is Space.BTF:
        result = checker.builder.register(kind)
        checker.builder.emit(Load(result, address, 8))
        return Reference(result)
    return Reference(_as_pointer(checker, _read(checker, address, U64, space), kind))


def _read(checker: Checker, address: Operand, kind: IntegerType | BoolType, space: Space) -> Operand:
    """An integer at an address; 0 where it cannot be read."""
    place = address
    if space is not Space.BTF:
        place = checker.temporary("kernel memory", kind)
        _probe(checker, place, Number(kind.size, U32), address)
    result = checker.builder.register(kind)
    checker.builder.emit(Load(result, place, kind.size))
    return result


def _probe(checker: Checker, target: Operand, size: Operand, address: Operand) -> None:
    if may_call(checker, "probe_read_kernel"):
        checker.helper(PROBE_READ_KERNEL, "probe_read_kernel", I64, target, size, address)


def _bit_field(checker: Checker, pointer: Operand, struct: StructType, index: int) -> Value:
    """The integer around a bit field, shifted up until nothing stands above it, then down."""

    def info(kind: FieldInfo) -> Operand:
        result = checker.builder.register(U32)
        checker.builder.emit(KernelFieldInfo(result, pointer, struct, index, kind))
        return result

    assert struct.kernel is not None
    kind = struct.kernel.fields[index].type
    assert isinstance(kind, IntegerType)
    unit = checker.temporary("bit field", U64)
    checker.builder.emit(Zero(unit, U64.size, U64.size))
    offset = checker.convert(scalar(info("offset")), U64)
    address = checker.offset(pointer, offset.operand, None)
    _probe(checker, unit, info("size"), address)
    raw = checker.builder.register(I64 if kind.signed else U64)
    checker.builder.emit(Load(raw, unit, U64.size))
    up = checker.convert(scalar(info("left shift")), raw.type if isinstance(raw.type, IntegerType) else U64)
    down = checker.convert(scalar(info("right shift")), up.type if isinstance(up.type, IntegerType) else U64)
    shifted = checker.binary("shr", checker.binary("shl", scalar(raw), up), down)
    return checker.convert(shifted, kind)


def _as_pointer(checker: Checker, number: Operand, kind: PointerType) -> Operand:
    result = checker.builder.register(kind)
    checker.builder.emit(AddressToPointer(result, number))
    return result


def typed_argument(checker: Checker, number: Operand, kind: type[lang.KernelStruct]) -> Reference:
    """An argument of a hook, of which the verifier knows the type."""
    pointer = PointerType(checker.module.types.kernel_struct(kind), Space.BTF)
    return Reference(_as_pointer(checker, number, pointer))


def kernel_pointer(checker: Checker, receiver: Value, call: Call) -> Value:
    """`kernel_pointer(Struct, address)`."""
    struct, address = _struct(checker, call), checker.fit(call.values[1], U64, call.spans[1])
    if struct is None or not isinstance(address, Scalar):
        return checker.report(findings.type_mismatch(call.spans[0], "a KernelStruct", str(call.values[0])))
    return Reference(_as_pointer(checker, address.operand, PointerType(struct, Space.KERNEL)))


def kernel_address(checker: Checker, receiver: Value, call: Call) -> Value:
    """`kernel_address(struct)`."""
    (value,) = call.values
    if not isinstance(value, Reference) or value.type.space not in (Space.KERNEL, Space.BTF):
        return checker.report(findings.type_mismatch(call.spans[0], "a KernelStruct", str(value)))
    result = checker.builder.register(U64)
    checker.builder.emit(PointerToAddress(result, value.operand))
    return scalar(result)


def field_exists(checker: Checker, receiver: Value, call: Call) -> Value:
    """`field_exists(Struct.field)`."""
    found = _field_info(checker, call, "exists")
    return (
        scalar(checker.compare("ne", found, scalar(Number(0, U32)))) if isinstance(found, Scalar) else found
    )


def field_offset(checker: Checker, receiver: Value, call: Call) -> Value:
    """`field_offset(Struct.field)`."""
    return _field_info(checker, call, "offset")


def field_size(checker: Checker, receiver: Value, call: Call) -> Value:
    """`field_size(Struct.field)`."""
    return _field_info(checker, call, "size")


def type_exists(checker: Checker, receiver: Value, call: Call) -> Value:
    """`type_exists(Struct)`."""
    found = _type_info(checker, call, size=False)
    return (
        scalar(checker.compare("ne", found, scalar(Number(0, U32)))) if isinstance(found, Scalar) else found
    )


def type_size(checker: Checker, receiver: Value, call: Call) -> Value:
    """`type_size(Struct)`."""
    return _type_info(checker, call, size=True)


def _field_info(checker: Checker, call: Call, kind: FieldInfo) -> Value:
    (value,) = call.values
    if not isinstance(value, Static) or not isinstance(value.value, lang.KernelField):
        expected = "a field of a KernelStruct class, as `TaskStruct.pid`"
        return checker.report(findings.type_mismatch(call.spans[0], expected, str(value)))
    wanted = value.value
    struct = checker.module.types.kernel_struct(wanted.owner)
    assert struct.kernel is not None
    index = [each.name for each in struct.kernel.fields].index(wanted.name)
    result = checker.builder.register(U32)
    checker.builder.emit(KernelFieldInfo(result, _NO_ADDRESS, struct, index, kind))
    return scalar(result)


def _type_info(checker: Checker, call: Call, *, size: bool) -> Value:
    struct = _struct(checker, call)
    if struct is None:
        return checker.report(findings.type_mismatch(call.spans[0], "a KernelStruct", str(call.values[0])))
    result = checker.builder.register(U32)
    checker.builder.emit(KernelTypeInfo(result, struct, size))
    return scalar(result)


def _struct(checker: Checker, call: Call) -> StructType | None:
    value = call.values[0]
    if not isinstance(value, Static):
        return None
    found: MemoryType | None = checker.module.types.pointer_target(value.value)
    return found if isinstance(found, StructType) and found.kernel is not None else None
