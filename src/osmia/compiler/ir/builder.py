"""Builds one function of IR, block by block."""

from __future__ import annotations

from collections.abc import Callable

from osmia.compiler.ir.functions import CountedLoop, FunctionIr
from osmia.compiler.ir.operands import Local, Location, Operand, Register, Scope, StackSlot
from osmia.compiler.ir.ops import Block, Branch, IsNull, Jump, Operation, Return, Terminator
from osmia.compiler.ir.types import BOOL, BoolType, IntegerType, IrType, MemoryType, PointerType, Space
from osmia.dataclass import dataclass, field

MOST_OPERATIONS = 100_000
"""Operations of one program; the verifier walks a million instructions (BPF_COMPLEXITY_LIMIT_INSNS)."""


class TooLargeError(Exception):
    """A program with more than `MOST_OPERATIONS` operations."""


@dataclass
class FunctionBuilder:
    """Appends operations to a current block; what follows a terminator is left out."""

    location: Location
    blocks: list[Block] = field(default_factory=list[Block])
    locals: list[Local] = field(default_factory=list[Local])
    slots: list[StackSlot] = field(default_factory=list[StackSlot])
    loops: list[CountedLoop] = field(default_factory=list[CountedLoop])
    registers: int = 0
    count: int = 0
    watch: Callable[[Operation], None] | None = None
    """Sees each operation before it is appended."""
    null_tests: int = 0
    """Tests of what a helper gave: the verifier tells these pointers from numbers."""

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
        self.count += 1
        if self.watch is not None:
            self.watch(operation)
        if isinstance(operation, IsNull) and _is_answer(operation.pointer.type):
            self.null_tests += 1
        if self.count > MOST_OPERATIONS:
            raise TooLargeError
        if self.current.terminator is None:
            self.current.operations.append((operation, self.location))

    def definition(self, operand: Operand) -> Operation | None:
        """The operation of the current block that gives a register; None where it stands elsewhere."""
        if not isinstance(operand, Register):
            return None
        found = (
            each for each, _ in reversed(self.current.operations) if getattr(each, "result", None) is operand
        )
        return next(found, None)

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
        self,
        name: str,
        section: str,
        context: str,
        return_type: IntegerType | BoolType,
        scope: Scope,
        argument: str,
    ) -> FunctionIr:
        """The function, with the blocks that can be reached."""
        blocks = tuple(_in_order(self.blocks[0]))
        return FunctionIr(
            name,
            section,
            context,
            return_type,
            scope,
            argument,
            tuple(self.locals),
            tuple(self.slots),
            blocks,
            loops=tuple(self.loops),
        )


def _is_answer(kind: IrType) -> bool:
    return isinstance(kind, PointerType) and kind.space in (
        Space.MAP_VALUE,
        Space.SHARED_MAP_VALUE,
        Space.RING_BUFFER,
        Space.MEMORY,
    )


def _in_order(entry: Block) -> list[Block]:
    """The blocks that can be reached, each behind those that dominate it (reverse postorder)."""
    finished: list[Block] = []
    seen = {entry.index}
    pending = [(entry, list(_successors(entry)))]
    while pending:
        block, successors = pending[-1]
        if not successors:
            finished.append(block)
            pending.pop()
            continue
        following = successors.pop()
        if following.index not in seen:
            seen.add(following.index)
            pending.append((following, list(_successors(following))))
    return finished[::-1]


def _successors(block: Block) -> tuple[Block, ...]:
    match block.terminator:
        case (Jump(target), _):
            return (target,)
        case (Branch(_, then, otherwise), _):
            return (then, otherwise)
        case _:
            return ()
