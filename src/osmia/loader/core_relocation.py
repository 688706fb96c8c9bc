"""CO-RE: the instructions of a program, made to fit the structures of the running kernel."""

from __future__ import annotations

from osmia.btf import Btf, CoreRelocation
from osmia.btf.relocation import Answer, Targets, describe, resolve
from osmia.dataclass import replace
from osmia.errors import MalformedError
from osmia.loader.instructions import CALL, LOAD_IMMEDIATE_64, POISONED_CALL, SIZE, Instruction, unpack
from osmia.loader.specification import FunctionSpec, ProgramSpec

_CLASS, _SOURCE_REGISTER, _SIZE_BITS = 0x07, 0x08, 0x18
_LDX, _ST, _STX, _ALU, _ALU64 = 1, 2, 3, 4, 7
_SIZES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}
_SIZE_CODES = {size: code for code, size in _SIZES.items()}
_LARGEST_OFFSET = 0x7FFF


def relocated(program: ProgramSpec, btf: Btf | None, targets: Targets) -> ProgramSpec:
    """The program for this kernel. An instruction that needs what the kernel lacks is poisoned.

    The verifier refuses a poisoned instruction only where it can be reached, so a program may ask
    `field_exists` first.

    Raises:
        MalformedError: a relocation that does not fit the object's types or its instruction.
        NotSupportedError: the kernel shows no types, or several that differ.
    """
    if btf is None or not any(function.core_relocations for function in program.functions):
        return program
    functions = [_relocate(function, btf, targets) for function in program.functions]
    return replace(program, entry=functions[0], subprograms=tuple(functions[1:]))


def _relocate(function: FunctionSpec, btf: Btf, targets: Targets) -> FunctionSpec:
    code = bytearray(function.instructions)
    poisoned: dict[int, str] = {}
    for relocation in function.core_relocations:
        answer = resolve(btf, relocation, targets)
        fault = _patch(code, relocation, answer)
        if fault is not None:
            poisoned[relocation.offset] = f"{describe(btf, relocation)} {fault}"
            _poison(code, relocation.offset)
    return replace(function, instructions=bytes(code), poisoned=poisoned)


def _fault(relocation: CoreRelocation, reason: str) -> MalformedError:
    return MalformedError("CO-RE relocation", reason, relocation.offset)


def _patch(code: bytearray, relocation: CoreRelocation, answer: Answer) -> str | None:
    """Write the answer into the instruction; what keeps it from being written, in words."""
    at = relocation.offset
    instruction = unpack(code, at)
    kind = instruction.code & _CLASS
    if answer.value is None:
        return "does not exist in this kernel"
    if instruction.code == LOAD_IMMEDIATE_64:
        _patch_wide(code, relocation, answer)
        return None
    if kind in (_ALU, _ALU64):
        if instruction.code & _SOURCE_REGISTER:
            raise _fault(relocation, "the instruction has no number in it")
        _expect(relocation, instruction.immediate, answer.expected)
        if not -(1 << 31) <= answer.value < 1 << 32:
            raise _fault(relocation, f"{answer.value} does not fit into 32 bits")
        made = instruction._replace(immediate=answer.value)
    elif kind in (_LDX, _ST, _STX):
        _expect(relocation, instruction.offset, answer.expected)
        if answer.value > _LARGEST_OFFSET:
            raise _fault(relocation, f"offset {answer.value} does not fit into an instruction")
        resized = _resized(instruction, relocation, answer)
        if resized is None:
            return (
                f"has {answer.target_size} bytes in this kernel, {answer.local_size} in the program, "
                "and only unsigned integers and pointers are read as the same number then"
            )
        made = resized._replace(offset=answer.value)
    else:
        raise _fault(relocation, f"opcode {instruction.code:#x} cannot be relocated")
    code[at : at + SIZE] = made.pack()
    return None


def _expect(relocation: CoreRelocation, found: int, expected: int | None) -> None:
    if expected is not None and found & 0xFFFFFFFF != expected & 0xFFFFFFFF:
        raise _fault(relocation, f"the instruction has {found}, the object's types say {expected}")


def _resized(instruction: Instruction, relocation: CoreRelocation, answer: Answer) -> Instruction | None:
    """The load or store with the width that the field has here; None where that changes its meaning."""
    if answer.local_size == answer.target_size:
        return instruction
    width = _SIZES[instruction.code & _SIZE_BITS]
    if not answer.resizable or answer.target_size not in _SIZE_CODES:
        return None
    if width != answer.local_size:
        raise _fault(relocation, f"{width} bytes are read of a field of {answer.local_size}")
    return instruction._replace(code=instruction.code & ~_SIZE_BITS | _SIZE_CODES[answer.target_size])


def _patch_wide(code: bytearray, relocation: CoreRelocation, answer: Answer) -> None:
    at = relocation.offset
    if at + 2 * SIZE > len(code):
        raise _fault(relocation, "a wide load leaves its function")
    first, second = unpack(code, at), unpack(code, at + SIZE)
    if first.source or second.code:
        raise _fault(relocation, "the wide load refers to something else")
    assert answer.value is not None
    mask = (1 << 64) - 1
    found = (first.immediate & 0xFFFFFFFF) | (second.immediate & 0xFFFFFFFF) << 32
    if answer.expected is not None and found != answer.expected & mask:
        raise _fault(relocation, f"the instruction has {found}, the object's types say {answer.expected}")
    value = answer.value & mask
    code[at : at + SIZE] = first._replace(immediate=value & 0xFFFFFFFF).pack()
    code[at + SIZE : at + 2 * SIZE] = second._replace(immediate=value >> 32).pack()


def _poison(code: bytearray, at: int) -> None:
    """A call of a helper that does not exist, in each slot of the instruction; it names its own place."""
    slots = 2 if unpack(code, at).code == LOAD_IMMEDIATE_64 else 1
    for slot in range(slots):
        place = at + slot * SIZE
        code[place : place + SIZE] = Instruction(CALL, 0, 0, 0, POISONED_CALL).pack()
