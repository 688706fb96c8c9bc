"""Which helpers this kernel lets a program of some type call: asked by loading a program for each of them."""

from __future__ import annotations

from osmia.dataclass import dataclass
from osmia.errors import KernelError
from osmia.loader.instructions import CALL, Instruction
from osmia.loader.memory_lock import with_memory_lock
from osmia.sys import Kernel, ProgramImage
from osmia.uapi import HELPERS, ProgramFlags, ProgramType

_EXIT = 0x95
_MOVE = 0xB7
_LOG_SIZE = 1 << 14
_UNKNOWN = "invalid func"
_FORBIDDEN = ("unknown func", "cannot use helper", "can not use helper")


@dataclass(frozen=True)
class HelperProbe:
    """What the kernel said, by the helpers' names; `known` are those that it has, for whatever program."""

    known: frozenset[str]
    allowed: frozenset[str]


def probe_helpers(
    kernel: Kernel, type: ProgramType, attach_type: int = 0, flags: ProgramFlags | int = 0
) -> HelperProbe | None:
    """Ask for every helper; some 20 ms. None where not even an empty program of this type can be loaded.

    The verifier looks the helper up before its arguments: whatever it says after that, it may be called.
    """
    if not any(_attempt(kernel, type, attach_type, flags, (), value) == "" for value in (0, 1)):
        return None
    known: set[str] = set()
    allowed: set[str] = set()
    for name, helper in HELPERS.items():
        log = _attempt(kernel, type, attach_type, flags, (Instruction(CALL, 0, 0, 0, helper.id),), 0)
        if _UNKNOWN in log:
            continue
        known.add(name)
        if not any(words in log for words in _FORBIDDEN):
            allowed.add(name)
    return HelperProbe(frozenset(known), frozenset(allowed))


def _attempt(
    kernel: Kernel,
    type: ProgramType,
    attach_type: int,
    flags: ProgramFlags | int,
    body: tuple[Instruction, ...],
    value: int,
) -> str:
    """What the verifier says of a program that does `body` and returns `value`; empty if it is content."""
    code = b"".join(each.pack() for each in (*body, Instruction(_MOVE, 0, 0, 0, value)))
    code += Instruction(_EXIT, 0, 0, 0, 0).pack()
    image = ProgramImage(type, "probe", code, "GPL", attach_type=attach_type, flags=flags)
    log = bytearray(_LOG_SIZE)
    try:
        kernel.close(with_memory_lock(kernel, lambda: kernel.program_load(image, log)))
    except KernelError as error:
        return bytes(log).split(b"\0", 1)[0].decode(errors="replace") or str(error)
    return ""
