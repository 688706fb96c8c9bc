"""Where in the kernel a typed program goes: the function or tracepoint, as a type of the kernel's BTF."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from osmia.btf import LazyBtf, types
from osmia.dataclass import dataclass, replace
from osmia.errors import UsageError
from osmia.loader.kernel_types import KernelTypes, open_module_btf
from osmia.loader.specification import ProgramSpec
from osmia.sys import Kernel, ProgramImage
from osmia.uapi import AttachType, ProgramType

_TYPED = (ProgramType.TRACING, ProgramType.LSM)
_TRACEPOINT_PREFIX, _LSM_PREFIX = "btf_trace_", "bpf_lsm_"


@dataclass(frozen=True)
class KernelHook:
    """The BTF id of a hook, and a descriptor of the BTF of its module; zeros where none is wanted."""

    type_id: int = 0
    btf_fd: int = 0

    def into(self, image: ProgramImage) -> ProgramImage:
        """The image of a program for this hook."""
        return replace(image, attach_btf_id=self.type_id, attach_btf_fd=self.btf_fd)


def target_of(program: ProgramSpec) -> str:
    """What the section names behind its first slash."""
    return program.section.partition("/")[2]


@contextmanager
def hook_of(kernel: Kernel, program: ProgramSpec, kernel_types: KernelTypes) -> Generator[KernelHook]:
    """The hook that a program's section names; the module's BTF is open as long as the context.

    Raises:
        UsageError: the kernel has no such function or tracepoint, or the section names none.
        NotSupportedError: the kernel shows no types, or the hook is in a module that cannot be opened.
    """
    if program.type not in _TYPED:
        yield KernelHook()
        return
    target = target_of(program)
    if not target:
        raise UsageError(
            f"program {program.name!r} does not say where it goes", f"name it: {program.section}/…"
        )
    graph, type_id = _find(program, target, kernel_types)
    if graph is kernel_types.vmlinux:
        yield KernelHook(type_id)
        return
    with open_module_btf(kernel, graph.name) as descriptor:
        yield KernelHook(type_id, descriptor.fileno())


def _find(program: ProgramSpec, target: str, kernel_types: KernelTypes) -> tuple[LazyBtf, int]:
    name: str = target
    kind: type[types.Function] | type[types.Typedef] = types.Function
    if program.attach_type == AttachType.TRACE_RAW_TP:
        name, kind = _TRACEPOINT_PREFIX + target, types.Typedef
    elif program.type == ProgramType.LSM:
        name = _LSM_PREFIX + target
    found = _named(kernel_types.vmlinux, name, kind)
    if found is not None:
        return kernel_types.vmlinux, found
    for module in kernel_types.modules():
        found = _named(module, name, kind)
        if found is not None:
            return module, found
    if program.attach_type == AttachType.TRACE_RAW_TP:
        raise UsageError(f"the kernel has no tracepoint {target!r}", "tracefs lists them in events/")
    if program.type == ProgramType.LSM:
        raise UsageError(
            f"the kernel has no security hook {target!r}",
            "include/linux/lsm_hook_defs.h lists them, without bpf_lsm_; CONFIG_BPF_LSM has to be set",
        )
    raise UsageError(
        f"the kernel's types have no function {target!r}",
        "it may be inlined, or static in several files; /proc/kallsyms lists functions",
    )


def _named(graph: LazyBtf, name: str, kind: type[types.Function] | type[types.Typedef]) -> int | None:
    return next((id for id, found in graph.named(name) if isinstance(found, kind)), None)
