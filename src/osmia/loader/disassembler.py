"""BPF instructions -> text in the kernel's notation (RFC 9669, kernel/bpf/disasm.c)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from osmia.loader.instructions import CALL, LOAD_IMMEDIATE_64, SIZE, Instruction, unpack
from osmia.loader.specification import (
    FunctionReference,
    KernelFunctionReference,
    MapReference,
    ProgramSpec,
    Reference,
    SourceLine,
)
from osmia.uapi import HELPERS, PseudoSource

_SIZES = {0x00: ("u32", 4), 0x08: ("u16", 2), 0x10: ("u8", 1), 0x18: ("u64", 8)}
_SIGNED_SIZES = {0x00: "s32", 0x08: "s16", 0x10: "s8"}
_ARITHMETIC = {
    0x00: "+=",
    0x10: "-=",
    0x20: "*=",
    0x30: "/=",
    0x40: "|=",
    0x50: "&=",
    0x60: "<<=",
    0x70: ">>=",
    0x90: "%=",
    0xA0: "^=",
    0xB0: "=",
    0xC0: "s>>=",
}
_SIGNED_ARITHMETIC = {0x30: "s/=", 0x90: "s%="}
_JUMPS = {
    0x10: "==",
    0x20: ">",
    0x30: ">=",
    0x40: "&",
    0x50: "!=",
    0x60: "s>",
    0x70: "s>=",
    0xA0: "<",
    0xB0: "<=",
    0xC0: "s<",
    0xD0: "s<=",
}
_ATOMICS = {0x00: "+=", 0x40: "|=", 0x50: "&=", 0xA0: "^="}
_FETCHES = {0x01: "add", 0x41: "or", 0x51: "and", 0xA1: "xor"}
_EXCHANGE, _COMPARE_EXCHANGE = 0xE1, 0xF1
_REGISTER = 0x08
_NEGATE, _SWAP = 0x80, 0xD0
_JUMP_ALWAYS, _EXIT = 0x05, 0x95
_JUMP_FAR = 0x06
_HELPER_NAMES = {helper.id: name for name, helper in HELPERS.items()}


def disassemble_instruction(code: bytes, offset: int, reference: Reference | None = None) -> str:
    """One instruction as text; a reference of the object file is named instead of numbered."""
    instruction = unpack(code, offset)
    kind = instruction.code & 0x07
    if instruction.code == LOAD_IMMEDIATE_64:
        return _load_immediate(instruction, code, offset, reference)
    if kind in (0x04, 0x07):
        return _arithmetic(instruction)
    if kind in (0x05, 0x06):
        return _jump(instruction, reference)
    return _memory(instruction)


def _unknown(instruction: Instruction) -> str:
    return f"(unknown instruction {instruction.code:#04x})"


def _register(number: int, wide: bool = True) -> str:
    return f"{'r' if wide else 'w'}{number}"


def _place(register: int, offset: int) -> str:
    return f"(r{register} {offset:+d})"


def _load_immediate(instruction: Instruction, code: bytes, offset: int, reference: Reference | None) -> str:
    target = _register(instruction.destination)
    if isinstance(reference, MapReference):
        if reference.value_offset is None:
            return f"{target} = map[{reference.map}]"
        return f"{target} = map[{reference.map}][0]+{reference.value_offset}"
    if isinstance(reference, FunctionReference):
        return f"{target} = subprog[{reference.function}]"
    if isinstance(reference, KernelFunctionReference):
        return f"{target} = kernel-function[{reference.function}]"
    high = unpack(code, offset + SIZE).immediate if offset + 2 * SIZE <= len(code) else 0
    low = instruction.immediate & 0xFFFFFFFF
    match instruction.source:
        case PseudoSource.MAP_FD:
            return f"{target} = map[id:{low}]"
        case PseudoSource.MAP_VALUE:
            return f"{target} = map[id:{low}][0]+{high}"
        case PseudoSource.FUNC:
            return f"{target} = subprog[{instruction.immediate:+d}]"
        case _:
            return f"{target} = {(high & 0xFFFFFFFF) << 32 | low:#x}"


def _arithmetic(instruction: Instruction) -> str:
    wide = instruction.code & 0x07 == 0x07
    operation = instruction.code & 0xF0
    target = _register(instruction.destination, wide)
    if operation == _NEGATE:
        return f"{target} = -{target}"
    if operation == _SWAP:
        if wide:
            return f"{target} = bswap{instruction.immediate} {target}"
        order = "be" if instruction.code & _REGISTER else "le"
        full = _register(instruction.destination)
        return f"{full} = {order}{instruction.immediate} {full}"
    symbol = _ARITHMETIC.get(operation)
    if symbol is None:
        return _unknown(instruction)
    if not instruction.code & _REGISTER:
        return f"{target} {_symbol(operation, symbol, instruction.offset)} {instruction.immediate}"
    source = _register(instruction.source, wide)
    if operation == 0xB0 and instruction.offset in (8, 16, 32):
        return f"{target} = (s{instruction.offset}){source}"
    return f"{target} {_symbol(operation, symbol, instruction.offset)} {source}"


def _symbol(operation: int, symbol: str, offset: int) -> str:
    return _SIGNED_ARITHMETIC.get(operation, symbol) if offset == 1 else symbol


def _jump(instruction: Instruction, reference: Reference | None) -> str:
    if instruction.code == _EXIT:
        return "exit"
    if instruction.code == CALL:
        return _call(instruction, reference)
    if instruction.code == _JUMP_ALWAYS:
        return f"goto pc{instruction.offset:+d}"
    if instruction.code == _JUMP_FAR:
        return f"gotol pc{instruction.immediate:+d}"
    wide = instruction.code & 0x07 == 0x05
    symbol = _JUMPS.get(instruction.code & 0xF0)
    if symbol is None:
        return _unknown(instruction)
    right = f"{instruction.immediate:#x}"
    if instruction.code & _REGISTER:
        right = _register(instruction.source, wide)
    return f"if {_register(instruction.destination, wide)} {symbol} {right} goto pc{instruction.offset:+d}"


def _call(instruction: Instruction, reference: Reference | None) -> str:
    if isinstance(reference, FunctionReference | KernelFunctionReference):
        return f"call {reference.function}"
    if instruction.source == PseudoSource.CALL:
        return f"call pc{instruction.immediate:+d}"
    if instruction.source == PseudoSource.KFUNC_CALL:
        return f"call kernel-function#{instruction.immediate}"
    name = _HELPER_NAMES.get(instruction.immediate)
    return f"call bpf_{name}#{instruction.immediate}" if name else f"call helper#{instruction.immediate}"


def _memory(instruction: Instruction) -> str:
    kind, mode = instruction.code & 0x07, instruction.code & 0xE0
    size, _ = _SIZES[instruction.code & 0x18]
    destination, source = instruction.destination, instruction.source
    if kind == 0x01 and mode == 0x60:
        return f"{_register(destination)} = *({size} *){_place(source, instruction.offset)}"
    if kind == 0x01 and mode == 0x80 and size != "u64":
        signed = _SIGNED_SIZES[instruction.code & 0x18]
        return f"{_register(destination)} = *({signed} *){_place(source, instruction.offset)}"
    if kind == 0x02 and mode == 0x60:
        return f"*({size} *){_place(destination, instruction.offset)} = {instruction.immediate}"
    if kind == 0x03 and mode == 0x60:
        return f"*({size} *){_place(destination, instruction.offset)} = {_register(source)}"
    if kind == 0x03 and mode == 0xC0:
        return _atomic(instruction, size)
    if kind == 0x00 and mode in (0x20, 0x40):
        index = f"r{source} + " if mode == 0x40 else ""
        return f"r0 = *({size} *)skb[{index}{instruction.immediate}]"
    return _unknown(instruction)


def _atomic(instruction: Instruction, size: str) -> str:
    place = f"({size} *){_place(instruction.destination, instruction.offset)}"
    source = _register(instruction.source)
    bits = "64" if size == "u64" else ""
    if instruction.immediate in _ATOMICS:
        return f"lock *{place} {_ATOMICS[instruction.immediate]} {source}"
    if instruction.immediate in _FETCHES:
        return f"{source} = atomic{bits}_fetch_{_FETCHES[instruction.immediate]}({place}, {source})"
    if instruction.immediate == _EXCHANGE:
        return f"{source} = atomic{bits}_xchg({place}, {source})"
    if instruction.immediate == _COMPARE_EXCHANGE:
        return f"r0 = atomic{bits}_cmpxchg({place}, r0, {source})"
    return _unknown(instruction)


def disassemble(
    code: bytes,
    *,
    references: Sequence[Reference] = (),
    lines: Sequence[SourceLine] = (),
    first: int = 0,
) -> Iterator[str]:
    """Instructions, numbered from `first`, with the source lines between them."""
    by_offset = {reference.offset: reference for reference in references}
    sources = {line.offset: line for line in lines}
    shown: tuple[str, int] | None = None
    offset = 0
    while offset + SIZE <= len(code):
        line = sources.get(offset)
        if line is not None and line.line and (line.filename, line.line) != shown:
            shown = line.filename, line.line
            yield f"; {line.text.strip()} @ {line.filename}:{line.line}"
        text = disassemble_instruction(code, offset, by_offset.get(offset))
        opcode = unpack(code, offset).code
        yield f"{first + offset // SIZE:4d}: ({opcode:02x}) {text}"
        offset += 2 * SIZE if opcode == LOAD_IMMEDIATE_64 else SIZE


def disassemble_program(program: ProgramSpec) -> Iterator[str]:
    """A program and its subprograms, as `osmia inspect` prints them."""
    first = 0
    for function in program.functions:
        yield f"{function.name}:"
        yield from disassemble(
            function.instructions, references=function.references, lines=function.lines, first=first
        )
        first += len(function.instructions) // SIZE
