"""Structs of the kernel: read where they are, laid out as the kernel that runs has them (CO-RE)."""

# Fields and functions below stand for the structs: they reach into them.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import itertools
import sys
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)
from weakref import WeakValueDictionary

from osmia.dataclass import dataclass
from osmia.lang.integers import Integer, u32, u64
from osmia.lang.memory import Aggregate, alignment_of, size_of

__all__ = [
    "BitField",
    "EnumField",
    "FieldName",
    "KernelAddress",
    "KernelPointer",
    "KernelStruct",
    "field_exists",
    "field_offset",
    "field_size",
    "kernel_address",
    "kernel_pointer",
    "type_exists",
    "type_size",
]

K = TypeVar("K", bound="KernelStruct")


class KernelPointer(Generic[K]):
    """A field of a kernel struct that points to another one; reading it gives that other struct.

    A pointer that is null, or leads to memory that is not there, reads as zeros all the way, so a chain
    needs no tests; `if task.mm:` tells whether a pointer is null.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> KernelPointer[K]: ...
        @overload
        def __get__(self, instance: object, owner: type) -> K: ...
        def __get__(self, instance: object | None, owner: type) -> KernelPointer[K] | K: ...
        def __set__(self, instance: object, value: K) -> None: ...


class KernelAddress:
    """A field of a kernel struct that points to something else than a struct; it reads as an u64."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> KernelAddress: ...
        @overload
        def __get__(self, instance: object, owner: type) -> u64: ...
        def __get__(self, instance: object | None, owner: type) -> KernelAddress | u64: ...
        def __set__(self, instance: object, value: u64) -> None: ...


@dataclass(frozen=True)
class BitField:
    """Marks a bit field: `flag: Annotated[u32, BitField(3)]`; the kernel's may have another width."""

    bits: int


@dataclass(frozen=True)
class FieldName:
    """Gives the kernel's name of a field where Python has another one for it.

    Such as `common: Annotated[SockCommon, FieldName("__sk_common")]`.
    """

    name: str


class EnumField:
    """Marks a field whose C type is an enum: `state: Annotated[u32, EnumField]`."""


@dataclass(frozen=True)
class KernelField:
    """A field as it is declared: `type` is an integer type, bool, an array, or a kernel struct class.

    `pointer` says that it points to such a struct, or with type None to anything else.
    """

    owner: type[KernelStruct]
    name: str
    type: type[Any] | None
    pointer: bool = False
    bits: int = 0
    is_enum: bool = False
    kernel_name: str = ""


class _FieldAccess:
    """A field's value in an instance; on the class, which field it is."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: KernelStruct | None, owner: type[KernelStruct]) -> Any:
        if instance is None:
            return owner.kernel_fields()[self._name]
        return instance._value_of(self._name)

    def __set__(self, instance: KernelStruct, value: object) -> None:
        instance._set(self._name, value)


_addresses = itertools.count(0xFFFF_8880_0000_1000, 0x1000)
_structs: WeakValueDictionary[int, KernelStruct] = WeakValueDictionary()


class KernelStruct:
    """A struct of the kernel, with as many of its fields as a program wants, in any order.

    `osmia generate struct task_struct pid real_parent` writes such a class:

        class TaskStruct(KernelStruct, name="task_struct"):
            pid: i32
            real_parent: KernelPointer[TaskStruct]

    Offsets and sizes come from the kernel that the program is loaded into; a field that it does not have
    is an error of the load, unless `field_exists(TaskStruct.field)` kept the program from reading it.
    Fields are only read. In tests, `TaskStruct(pid=i32(7))` makes one; what is not given is zero.
    """

    kernel_name: ClassVar[str]
    is_union: ClassVar[bool]
    _names: ClassVar[tuple[str, ...]]
    _locals: ClassVar[dict[str, Any]]
    _fields: ClassVar[dict[str, KernelField] | None] = None

    def __init_subclass__(cls, *, name: str = "", union: bool = False) -> None:
        if cls.__bases__ != (KernelStruct,):
            raise TypeError(f"{cls.__name__}: a kernel struct cannot inherit from another one")
        cls.kernel_name = name or cls.__name__
        cls.is_union = union
        cls._names = tuple(vars(cls).get("__annotations__", {}))
        cls._locals = sys._getframe(1).f_locals
        cls._fields = None
        for field in cls._names:
            setattr(cls, field, _FieldAccess(field))

    def __init__(self, **fields: Any) -> None:
        self._values: dict[str, Any] = {}
        self._address = next(_addresses)
        _structs[self._address] = self
        for name, value in fields.items():
            self._set(name, value)

    @classmethod
    def kernel_fields(cls) -> dict[str, KernelField]:
        """The declared fields by name; TypeError for a type that a kernel struct cannot have."""
        if cls._fields is None:
            names = {**cls._locals, cls.__name__: cls}
            hints = get_type_hints(cls, localns=names, include_extras=True)
            cls._fields = {name: _field(cls, name, hints[name]) for name in cls._names}
        return cls._fields

    def _value_of(self, name: str) -> Any:
        field = type(self).kernel_fields()[name]
        if name not in self._values:
            if field.type is None:
                return u64(0)
            if issubclass(field.type, KernelStruct) and field.pointer:
                return _null(field.type)
            self._values[name] = field.type() if not issubclass(field.type, Integer) else field.type(0)
        return self._values[name]

    def _set(self, name: str, value: Any) -> None:
        field = type(self).kernel_fields().get(name)
        if field is None:
            raise TypeError(f"{type(self).__name__} has no field {name!r}")
        if field.type is None or issubclass(field.type, Integer):
            self._values[name] = (field.type or u64)(value)
        elif isinstance(value, field.type):
            self._values[name] = value
        else:
            raise TypeError(f"{type(self).__name__}.{name}: expected {field.type.__name__}")

    def __bool__(self) -> bool:
        """Whether the pointer that led here is not null."""
        return self._address != 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._address:#x}>"


def _field(owner: type[KernelStruct], name: str, hint: Any) -> KernelField:
    bits, is_enum, kernel_name = 0, False, name
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        for mark in marks:
            bits = mark.bits if isinstance(mark, BitField) else bits
            kernel_name = mark.name if isinstance(mark, FieldName) else kernel_name
            is_enum = is_enum or mark is EnumField
    if get_origin(hint) is KernelPointer:
        (target,) = get_args(hint)
        if isinstance(target, type) and issubclass(target, KernelStruct):
            return KernelField(owner, name, target, pointer=True, kernel_name=kernel_name)
    elif hint is KernelAddress:
        return KernelField(owner, name, None, pointer=True, kernel_name=kernel_name)
    elif isinstance(hint, type) and _may_lie_in_a_struct(hint, bits):
        return KernelField(owner, name, hint, bits=bits, is_enum=is_enum, kernel_name=kernel_name)
    raise TypeError(
        f"{owner.__name__}.{name}: {hint!r} is no type of a kernel struct's field: use integers, bool, "
        "Array, another KernelStruct, KernelPointer[…] or KernelAddress"
    )


def _may_lie_in_a_struct(hint: type[Any], bits: int) -> bool:
    if issubclass(hint, Integer):
        return 0 <= bits <= hint.bits
    return not bits and (hint is bool or issubclass(hint, KernelStruct | Aggregate))


def _null(kind: type[K]) -> K:
    """What a null pointer leads to: zeros."""
    made = kind.__new__(kind)
    made._values = {}
    made._address = 0
    return made


def simulated_struct(kind: type[K], address: int, **fields: Any) -> K:
    """A struct at an address of the caller's choice: the same object whenever it is asked for."""
    made = kind(**fields)
    made._address = address
    return made


def kernel_pointer(kind: type[K], address: u64) -> K:
    """The struct at an address, such as `ctx.arg(0)` of a kprobe; it is read with bpf_probe_read_kernel.

    In simulation the address is one that `kernel_address` gave; any other leads to zeros. Linux 5.5.
    """
    found = _structs.get(int(address))
    return found if isinstance(found, kind) else _null(kind)


def kernel_address(struct: KernelStruct) -> u64:
    """The address of a kernel struct, as key of a map for example; 0 for a null pointer."""
    return u64(struct._address)


def _known(field: object) -> KernelField:
    if not isinstance(field, KernelField):
        raise TypeError("name a field of a class, as in `field_exists(TaskStruct.pid)`")
    return field


def field_exists(field: object) -> bool:
    """Whether the running kernel has a field: `field_exists(TaskStruct.pid)`; in simulation it has all."""
    return bool(_known(field))


def field_offset(field: object) -> u32:
    """Bytes from the begin of its struct to a field; in simulation as if the declared fields were all."""
    wanted, offset = _known(field), 0
    for each in wanted.owner.kernel_fields().values():
        size, alignment = _measure(each)
        offset = 0 if wanted.owner.is_union else (offset + alignment - 1) // alignment * alignment
        if each.name == wanted.name:
            break
        offset += size
    return u32(offset)


def field_size(field: object) -> u32:
    """Bytes of a field; in simulation those of its declared type."""
    return u32(_measure(_known(field))[0])


def type_exists(kind: type[KernelStruct]) -> bool:
    """Whether the running kernel has a struct; in simulation it has all."""
    return bool(kind.kernel_name)


def type_size(kind: type[KernelStruct]) -> u32:
    """Bytes of a struct; in simulation those of the declared fields."""
    return u32(_layout(kind)[0])


def _measure(field: KernelField) -> tuple[int, int]:
    """Size and alignment of a field's declared type."""
    if field.pointer or field.type is None:
        return 8, 8
    if issubclass(field.type, KernelStruct):
        return _layout(field.type)
    return size_of(field.type), alignment_of(field.type)


def _layout(kind: type[KernelStruct]) -> tuple[int, int]:
    end, largest = 0, 1
    for field in kind.kernel_fields().values():
        size, alignment = _measure(field)
        start = 0 if kind.is_union else (end + alignment - 1) // alignment * alignment
        end, largest = max(end, start + size), max(largest, alignment)
    return (end + largest - 1) // largest * largest, largest


def field_layout(kind: type[KernelStruct]) -> tuple[tuple[KernelField, int, int], ...]:
    """Each field with the offset and size that the compiler describes it with; any would do."""
    placed: list[tuple[KernelField, int, int]] = []
    end = 0
    for field in kind.kernel_fields().values():
        size, alignment = _measure(field)
        start = 0 if kind.is_union else (end + alignment - 1) // alignment * alignment
        placed.append((field, start, size))
        end = start + size
    return tuple(placed)
