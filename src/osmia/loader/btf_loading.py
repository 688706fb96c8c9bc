"""An object's BTF into the kernel; kinds that an old kernel does not know are replaced."""

from __future__ import annotations

import errno
from collections.abc import Callable

from osmia.btf import Btf, encode_btf, types
from osmia.dataclass import dataclass, replace
from osmia.errors import KernelError
from osmia.loader.memory_lock import with_memory_lock
from osmia.sys import Kernel

_LOG_SIZE = 1 << 16
_EXTERN = 2
_KERNEL_SYMBOLS = ".ksyms"


@dataclass(frozen=True)
class LoadedBtf:
    """The descriptor, or None and a note that says why the kernel has no BTF of the object."""

    fd: int | None
    note: str = ""


@dataclass(frozen=True)
class _Replacement:
    """A kind of type that not every kernel knows, a probe for it, and what stands for it there."""

    matches: Callable[[types.Type], bool]
    probe: tuple[types.Type, ...]
    replace: Callable[[types.Type], types.Type]


_INT = types.Int("int", 4, 32, 1)


def _plain_float(type: types.Type) -> types.Type:
    assert isinstance(type, types.Float)
    return types.Struct(type.name, type.size, ())


def _plain_declaration_tag(_: types.Type) -> types.Type:
    return types.Int("declaration_tag", 1, 8)


def _plain_type_tag(type: types.Type) -> types.Type:
    assert isinstance(type, types.TypeTag)
    return types.Qualifier("const", type.type)


def _narrow_enum(type: types.Type) -> types.Type:
    assert isinstance(type, types.Enum)
    return replace(type, wide=False)


def _unsigned_enum(type: types.Type) -> types.Type:
    assert isinstance(type, types.Enum)
    return replace(type, signed=False)


def _no_declaration(type: types.Type) -> types.Type:
    return types.Int("declared", 1, 8)


_ENUMERATOR = (types.Enumerator("a", 0),)
_REPLACEMENTS = (
    _Replacement(lambda type: isinstance(type, types.Float), (types.Float("float", 4),), _plain_float),
    _Replacement(
        lambda type: isinstance(type, types.DeclarationTag),
        (_INT, types.Typedef("t", 1), types.DeclarationTag("tag", 2, -1)),
        _plain_declaration_tag,
    ),
    _Replacement(
        lambda type: isinstance(type, types.TypeTag),
        (_INT, types.TypeTag("tag", 1), types.Pointer(2)),
        _plain_type_tag,
    ),
    _Replacement(
        lambda type: isinstance(type, types.Enum) and type.wide,
        (types.Enum("e", 8, False, _ENUMERATOR, wide=True),),
        _narrow_enum,
    ),
    _Replacement(
        lambda type: isinstance(type, types.Enum) and type.signed,
        (types.Enum("e", 4, True, _ENUMERATOR),),
        _unsigned_enum,
    ),
    # What the linking resolves: functions of the kernel, declared but not there. No kernel takes these.
    _Replacement(
        lambda type: isinstance(type, types.Function) and type.linkage == _EXTERN,
        (_INT, types.FunctionPrototype(1, ()), types.Function("f", 2, _EXTERN)),
        _no_declaration,
    ),
    _Replacement(
        lambda type: isinstance(type, types.DataSection) and type.name == _KERNEL_SYMBOLS,
        (types.DataSection(_KERNEL_SYMBOLS, 0, ()),),
        _no_declaration,
    ),
)


def _kernel_knows(kernel: Kernel, probe: tuple[types.Type, ...]) -> bool:
    try:
        kernel.close(kernel.btf_load(encode_btf(types.Btf(probe, b"\0"))))
    except KernelError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return True


def sanitised(kernel: Kernel, btf: Btf) -> Btf:
    """The BTF without the kinds that this kernel does not know; each kind that occurs is probed."""
    found = btf
    for replacement in _REPLACEMENTS:
        if not any(replacement.matches(type) for type in found.types):
            continue
        if _kernel_knows(kernel, replacement.probe):
            continue
        changed = tuple(
            replacement.replace(type) if replacement.matches(type) else type for type in found.types
        )
        found = Btf(changed, found.strings)
    return found


def load_btf(kernel: Kernel, btf: Btf, encoded: bytes) -> LoadedBtf:
    """Load BTF as it is, else sanitised, else not at all: programs run without it, only lines get lost.

    Raises:
        KernelError: refused for another reason than its contents.
    """
    try:
        return LoadedBtf(with_memory_lock(kernel, lambda: kernel.btf_load(encoded)))
    except KernelError as error:
        if error.errno not in (errno.EINVAL, errno.E2BIG):
            raise
    data = encode_btf(sanitised(kernel, btf))
    log = bytearray(_LOG_SIZE)
    try:
        return LoadedBtf(kernel.btf_load(data, log))
    except KernelError as error:
        lines = bytes(log).split(b"\0", 1)[0].decode(errors="replace").strip().splitlines()
        reason = lines[-1].strip() if lines else str(error)
        return LoadedBtf(None, f"the kernel refused the object's BTF, so source lines are lost: {reason}")
