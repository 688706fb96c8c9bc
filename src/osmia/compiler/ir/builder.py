"""Builds one function of IR, block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

from osmia.compiler.ir.ops import (
    Block,
    Branch,
    FunctionIr,
    Jump,
    Local,
    Location,
    Operand,
    Operation,
    Register,
    Return,
    Scope,
    StackSlot,
    Terminator,
)
from osmia.compiler.ir.types import BOOL, IntegerType, IrType, MemoryType


@dataclass
class FunctionBuilder:
    """Appends operations to a current block. After a terminator, what follows goes to an unreachable block."""

    location: Location
    blocks: list[Block] = field(default_factory=list)
    locals: list[Local] = field(default_factory=list)
    slots: list[StackSlot] = field(default_factory=list)
    registers: int = 0

    def __post_init__(self) -> None:
        self.current = self.block()

    def block(self) -> Block:
        """A new block, not yet the current one."""
        block = Block(len(self.blocks))
        self.blocks.append(block)
        return block

    def enter(self, block: Block) -> None:
        """Go on in another block."""
        self.current = block

    def register(self, register_type: IrType) -> Register:
        """A new register."""
        self.registers += 1
        return Register(self.registers - 1, register_type)

    def register_bool(self) -> Register:
        """A new register for a bool."""
        return self.register(BOOL)

    def local(self, name: str, local_type: IrType) -> Local:
        """A new variable."""
        local = Local(len(self.locals), name, local_type)
        self.locals.append(local)
        return local

    def slot(self, memory_type: MemoryType) -> StackSlot:
        """Bytes of the stack for one value."""
        slot = StackSlot(len(self.slots), memory_type)
        self.slots.append(slot)
        return slot

    def emit(self, operation: Operation) -> None:
        """Append an operation at the current position."""
        if self.current.terminator is None:
            self.current.operations.append((operation, self.location))

    def jump(self, target: Block) -> None:
        """End the current block."""
        self._terminate(Jump(target))

    def branch(self, condition: Operand, then: Block, otherwise: Block) -> None:
        """End the current block with a choice."""
        self._terminate(Branch(condition, then, otherwise))

    def finish(self, value: Operand) -> None:
        """End the program with its result."""
        self._terminate(Return(value))

    def _terminate(self, terminator: Terminator) -> None:
        if self.current.terminator is None:
            self.current.terminator = (terminator, self.location)

    def build(
        self, name: str, section: str, context: str, return_type: IntegerType, scope: Scope, argument: str
    ) -> FunctionIr:
        """The function, with the blocks that can be reached."""
        reachable: list[Block] = []
        pending = [self.blocks[0]]
        while pending:
            block = pending.pop()
            if block in reachable:
                continue
            reachable.append(block)
            match block.terminator:
                case (Jump(target), _):
                    pending.append(target)
                case (Branch(_, then, otherwise), _):
                    pending += [otherwise, then]
                case _:
                    pass
        blocks = tuple(sorted(reachable, key=lambda block: block.index))
        return FunctionIr(
            name, section, context, return_type, scope, argument, tuple(self.locals), tuple(self.slots), blocks
        )
