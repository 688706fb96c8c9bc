"""How much stack each function of an object takes, and the chain of calls that takes most."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from osmia.compiler.ir.functions import FunctionIr, ModuleIr
from osmia.compiler.ir.operands import Location
from osmia.compiler.ir.ops import CallFunction, FunctionAddress
from osmia.dataclass import dataclass
from osmia.elf import SymbolType, read_elf

MOST_BYTES = 512
"""MAX_BPF_STACK, for all frames of a chain together."""
MOST_FRAMES = 8
"""MAX_CALL_FRAMES."""

_ROUNDED_TO = 32
"""What the verifier counts a frame in (check_max_stack_depth_subprog, before Linux 6.8)."""
_INSTRUCTION = struct.Struct("<BBhi")
_FRAME_POINTER = 10
_LOAD, _STORE_IMMEDIATE, _STORE = 1, 2, 3
_CLASS = 0x07
_MOVE, _ADD_IMMEDIATE = 0xBF, 0x07


@dataclass(frozen=True)
class Chain:
    """Functions that call each other in a row, their frames in bytes, and where the last is called."""

    names: tuple[str, ...]
    frames: tuple[int, ...]
    call: Location | None

    @property
    def size(self) -> int:
        """Bytes of all frames."""
        return sum(self.frames)


def frame_sizes(object_bytes: bytes) -> dict[str, int]:
    """Bytes of stack of each function of an object, as the verifier counts them."""
    file = read_elf(object_bytes)
    return {
        symbol.name: _frame_size(
            file.sections[symbol.section].data[symbol.value : symbol.value + symbol.size]
        )
        for symbol in file.symbols
        if symbol.type == SymbolType.FUNC and symbol.section is not None
    }


def _frame_size(code: bytes) -> int:
    """The lowest place under the frame pointer that is used, or whose address is taken."""
    lowest, copy_of_frame = 0, -1
    for opcode, registers, offset, immediate in _INSTRUCTION.iter_unpack(code):
        destination, source = registers & 15, registers >> 4
        kind = opcode & _CLASS
        reads = kind == _LOAD and source == _FRAME_POINTER
        writes = kind in (_STORE, _STORE_IMMEDIATE) and destination == _FRAME_POINTER
        if reads or writes:
            lowest = min(lowest, offset)
        if opcode == _ADD_IMMEDIATE and destination == copy_of_frame:
            lowest = min(lowest, immediate)
        copy_of_frame = destination if opcode == _MOVE and source == _FRAME_POINTER else -1
    return max(1, (-lowest + _ROUNDED_TO - 1) // _ROUNDED_TO) * _ROUNDED_TO


def has_calls(module: ModuleIr) -> bool:
    """Whether some function calls another one of the object."""
    return any(_calls(function) for function in module.functions)


def chains(module: ModuleIr, sizes: Mapping[str, int]) -> tuple[Chain, Chain]:
    """The chain that takes most stack, and the one of most frames."""
    by_name = {function.name: function for function in module.functions}
    largest: dict[str, Chain] = {}
    longest: dict[str, Chain] = {}

    def visit(name: str) -> None:
        if name in largest:
            return
        own = Chain((name,), (sizes.get(name, 0),), None)
        deepest, most = own, own
        for callee, place in _calls(by_name[name]):
            visit(callee)
            deepest = max(deepest, _before(own, largest[callee], place), key=lambda chain: chain.size)
            most = max(most, _before(own, longest[callee], place), key=lambda chain: len(chain.names))
        largest[name], longest[name] = deepest, most

    for function in module.functions:
        visit(function.name)
    return (
        max(largest.values(), key=lambda chain: chain.size),
        max(longest.values(), key=lambda chain: len(chain.names)),
    )


def _before(caller: Chain, chain: Chain, place: Location) -> Chain:
    return Chain(caller.names + chain.names, caller.frames + chain.frames, chain.call or place)


def _calls(function: FunctionIr) -> list[tuple[str, Location]]:
    return [
        (operation.function, location)
        for block in function.blocks
        for operation, location in block.operations
        if isinstance(operation, CallFunction)
        or (isinstance(operation, FunctionAddress) and not operation.later)
    ]
