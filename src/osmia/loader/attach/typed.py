"""Hooks that a program is loaded for: BTF tracepoints, kernel functions by trampoline, security hooks."""

from __future__ import annotations

import errno

from osmia.errors import KernelError, NotSupportedError
from osmia.loader.attach.link import Link
from osmia.loader.specification import ProgramSpec
from osmia.sys import Descriptor, Kernel
from osmia.uapi import AttachType

_WORDS = {
    AttachType.TRACE_RAW_TP: "BTF tracepoint",
    AttachType.TRACE_FENTRY: "begin of",
    AttachType.TRACE_FEXIT: "return of",
    AttachType.MODIFY_RETURN: "answer of",
    AttachType.LSM_MAC: "security hook",
}
_ENOTSUPP = 524
"""The kernel's own number, which the C library does not know."""


def attach_typed(kernel: Kernel, program_fd: int, program: ProgramSpec) -> Link:
    """Attach to what the program was loaded for (BPF_RAW_TRACEPOINT_OPEN without a name, Linux 5.5).

    Raises:
        NotSupportedError: the kernel cannot patch its functions, or not this one.
    """
    target = program.section.partition("/")[2]
    hook = f"{_WORDS.get(program.attach_type or AttachType.TRACE_FENTRY, 'hook')} {target}"
    try:
        fd = kernel.raw_tracepoint_open(program_fd)
    except KernelError as error:
        if error.errno in (errno.EBUSY, errno.EOPNOTSUPP, _ENOTSUPP):
            needs = "CONFIG_FUNCTION_TRACER, and a function that is neither inlined nor marked notrace"
            raise NotSupportedError(f"attaching to {target!r}", needs=needs) from None
        raise
    return Link(kernel, Descriptor(kernel, fd, f"link of {hook}"), hook)
