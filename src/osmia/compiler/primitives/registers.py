"""Where `struct pt_regs` has the registers, for each processor."""

from __future__ import annotations

import platform

from osmia.dataclass import dataclass


@dataclass(frozen=True)
class RegisterPlaces:
    """Where `struct pt_regs` has what a probe asks for, in bytes."""

    arguments: tuple[int, ...]
    ip: int
    return_value: int
    size: int
    names: tuple[str, ...]
    """8 bytes each, from the begin."""


_X86_64 = (
    *("r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx", "si", "di"),
    *("orig_ax", "ip", "cs", "flags", "sp", "ss"),
)
_ARM64 = (*(f"x{number}" for number in range(31)), "sp", "pc", "pstate")

_REGISTERS = {
    # arch/x86/include/asm/ptrace.h: di, si, dx, cx, r8, r9; ip; ax
    "x86_64": RegisterPlaces((112, 104, 96, 88, 72, 64), 128, 80, 168, _X86_64),
    # arch/arm64/include/uapi/asm/ptrace.h: x0 to x5; pc; x0
    "aarch64": RegisterPlaces((0, 8, 16, 24, 32, 40), 256, 0, 272, _ARM64),
}


def registers() -> RegisterPlaces:
    """The registers of the processor that programs are compiled for: this machine's."""
    return _REGISTERS.get(platform.machine(), _REGISTERS["x86_64"])
