"""Whether this process may load BPF programs here, asked of the kernel itself."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct

_SYS_BPF = {"x86_64": 321, "aarch64": 280}
_BPF_PROG_LOAD = 5
_BPF_PROG_TYPE_XDP = 6
_PROGRAM = struct.pack("<BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0)


def load_probe() -> int:
    """Load `r0 = 0; exit` as an XDP program and return its file descriptor. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    instructions = ctypes.create_string_buffer(_PROGRAM, len(_PROGRAM))
    license_name = ctypes.create_string_buffer(b"Dual MIT/GPL")
    # union bpf_attr for BPF_PROG_LOAD: prog_type, insn_cnt, insns, license; the rest may be left out.
    attributes = struct.pack(
        "=IIQQ",
        _BPF_PROG_TYPE_XDP,
        len(_PROGRAM) // 8,
        ctypes.addressof(instructions),
        ctypes.addressof(license_name),
    )
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    descriptor: int = libc.syscall(_SYS_BPF[os.uname().machine], _BPF_PROG_LOAD, buffer, len(attributes))
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return descriptor


@functools.cache
def why_no_bpf() -> str | None:
    """None where BPF programs can be loaded, else the reason."""
    if os.uname().machine not in _SYS_BPF:
        return f"the number of bpf(2) on {os.uname().machine} is not known to the tests"
    try:
        os.close(load_probe())
    except OSError as error:
        match error.errno:
            case errno.EPERM | errno.EACCES:
                return "no right to load BPF programs (needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)"
            case errno.ENOSYS:
                return "this kernel has no bpf(2)"
            case _:
                return f"BPF_PROG_LOAD failed: {error.strerror}"
    return None
