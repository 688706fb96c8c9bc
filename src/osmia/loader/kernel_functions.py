"""The kernel's functions that programs call (kfuncs): found by name in the kernel's BTF and its modules'."""

from __future__ import annotations

from collections.abc import Mapping

from osmia.btf import LazyBtf, types
from osmia.dataclass import dataclass
from osmia.errors import NotSupportedError
from osmia.loader.kernel_types import KernelTypes, open_module_btf
from osmia.loader.specification import KernelFunctionReference, ProgramSpec
from osmia.sys import Descriptor, Kernel


@dataclass(frozen=True)
class KernelFunctionPlace:
    """Where the kernel has a function: its BTF id there, and the module, empty for the kernel itself."""

    id: int
    module: str = ""


def find_kernel_functions(
    program: ProgramSpec, kernel_types: KernelTypes
) -> dict[str, KernelFunctionPlace | None]:
    """The functions of the kernel that a program refers to, by name; None for a weak one that is missing.

    Raises:
        NotSupportedError: neither the kernel nor a loaded module has a function that is not weak.
    """
    found: dict[str, KernelFunctionPlace | None] = {}
    for function in program.functions:
        for reference in function.references:
            if isinstance(reference, KernelFunctionReference) and reference.function not in found:
                place = _find(reference.function, kernel_types)
                if place is None and not reference.weak:
                    raise NotSupportedError(
                        f"the kernel function {reference.function!r}, which {program.name!r} calls,",
                        needs="a kernel, or a loaded module, that has it; `kfunc_exists` asks for it",
                    )
                found[reference.function] = place
    return found


def open_modules(kernel: Kernel, places: Mapping[str, KernelFunctionPlace | None]) -> dict[str, Descriptor]:
    """The BTF of the modules that functions were found in, by their names."""
    opened: dict[str, Descriptor] = {}
    for name in sorted({place.module for place in places.values() if place is not None and place.module}):
        opened[name] = open_module_btf(kernel, name)
    return opened


def _find(name: str, kernel_types: KernelTypes) -> KernelFunctionPlace | None:
    id = _function_id(name, kernel_types.vmlinux)
    if id is not None:
        return KernelFunctionPlace(id)
    for module in kernel_types.modules():
        id = _function_id(name, module)
        if id is not None:
            return KernelFunctionPlace(id, module.name)
    return None


def _function_id(name: str, btf: LazyBtf) -> int | None:
    for id, found in btf.named(name):
        if isinstance(found, types.Function):
            return id
    return None
