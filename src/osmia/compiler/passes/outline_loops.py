"""Loops whose turns the kernel counts: the body of each becomes a function that bpf_loop calls.

What the body shares with the rest of its function lies in one place on that function's stack, the captures,
whose address is handed over: first the context, then a word for each shared variable.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar, cast

from osmia.compiler.ir.functions import Capture, CountedLoop, FunctionIr, Linkage, ModuleIr
from osmia.compiler.ir.operands import Local, Location, Number, Operand, Parameter, Register, Scope, StackSlot
from osmia.compiler.ir.ops import (
    Argument,
    Block,
    Branch,
    CallHelper,
    CapturesAddress,
    Compare,
    Convert,
    FunctionAddress,
    Jump,
    LoadLocal,
    Operation,
    Return,
    SlotAddress,
    StoreLocal,
    Terminator,
)
from osmia.compiler.ir.types import BOOL, I64, U32, U64, IrType, PointerType, Space
from osmia.dataclass import replace

Changed = TypeVar("Changed", bound=Operation | Terminator)

Owner = CountedLoop | None
"""The innermost loop that a block stands in; None for the function itself."""
Placed = tuple[Operation, Location]


class KeptStructError(Exception):
    """A turn sets a variable of the function to a struct on the stack."""

    def __init__(self, name: str, location: Location) -> None:
        super().__init__(name)
        self.name = name
        self.location = location


def outline_loops(module: ModuleIr) -> ModuleIr:
    """The module, with a function for the body of each counted loop."""
    taken = {function.name for function in module.functions} | {each.name for each in module.maps}
    functions: list[FunctionIr] = []
    for function in module.functions:
        functions += _Outliner(function, taken).functions() if function.loops else [function]
    return replace(module, functions=tuple(functions))


class _Outliner:
    """Takes one function apart."""

    def __init__(self, function: FunctionIr, taken: set[str]) -> None:
        self._function = function
        self._blocks = {block.index: block for block in function.blocks}
        self._loops = sorted(
            (loop for loop in function.loops if loop.head in self._blocks), key=lambda loop: loop.head
        )
        self._names = {loop: _unique(f"{function.name}_loop", taken) for loop in self._loops}
        self._scopes = {
            loop: Scope(self._names[loop], function.scope.filename, loop.location.line)
            for loop in self._loops
        }
        self._next_block = max(loop.end for loop in self._loops) + len(self._blocks)
        self._next_block = max(self._next_block, *(block.index + 1 for block in function.blocks))
        results = [_result(operation) for block in function.blocks for operation, _ in block.operations]
        self._next_register = 1 + max((each.index for each in results if each is not None), default=-1)
        self._locals = list(function.locals)
        self._way_out = self._local("way out", I64)
        self._returned = self._local("returned", function.return_type)
        self._drafts: dict[Owner, list[Block]] = {owner: [] for owner in (None, *self._loops)}
        self._exits: dict[CountedLoop, dict[int, int]] = {loop: {} for loop in self._loops}
        """Of each loop: where its body leaves it to, and the block there that says so."""
        self._return_block: int | None = None

    def functions(self) -> list[FunctionIr]:
        """The function, and one for each of its loops."""
        for loop in reversed(self._loops):
            self._draft(loop)
        self._draft(None)
        captured = self._share()
        return [self._build(owner, captured) for owner in (None, *self._loops)]

    def _local(self, name: str, kind: IrType) -> Local:
        local = Local(len(self._locals), name, kind)
        self._locals.append(local)
        return local

    def _block(self) -> Block:
        self._next_block += 1
        return Block(self._next_block - 1)

    def _register(self, kind: IrType) -> Register:
        self._next_register += 1
        return Register(self._next_register - 1, kind)

    def _owner(self, index: int) -> Owner:
        inside = [loop for loop in self._loops if loop.head <= index < loop.end]
        return inside[-1] if inside else None

    def _parent(self, loop: CountedLoop) -> Owner:
        inside = [each for each in self._loops if each.head < loop.head < each.end]
        return inside[-1] if inside else None

    # blocks

    def _draft(self, owner: Owner) -> None:
        """The blocks of one function, with calls in place of the loops inside it."""
        blocks = self._drafts[owner]
        if owner is not None:
            blocks.append(self._entry(owner))
        for block in self._function.blocks:
            called = next((each for each in self._loops if each.head == block.index), None)
            if called is not None and called is not owner and self._parent(called) is owner:
                blocks += self._call(called, owner)
            elif self._owner(block.index) is owner:
                blocks.append(self._copy(block, owner))
        if owner is not None:
            blocks += [self._exit(target, label, owner) for target, label in self._exits[owner].items()]
        elif self._return_block is not None:
            blocks.append(self._return())

    def _entry(self, loop: CountedLoop) -> Block:
        """The number of the turn becomes the counter."""
        entry, turn, count = self._block(), self._register(U32), self._register(I64)
        if loop.counter is None:
            entry.terminator = Jump(Block(loop.head)), loop.location
            return entry
        entry.operations += [
            (Argument(turn, 0), loop.location),
            (Convert(count, turn), loop.location),
            (StoreLocal(loop.counter, count), loop.location),
        ]
        entry.terminator = Jump(Block(loop.head)), loop.location
        return entry

    def _copy(self, block: Block, owner: Owner) -> Block:
        copy = Block(block.index)
        if owner is not None and block.index == owner.advance:
            copy.terminator = Return(Number(0, I64)), owner.location
            return copy
        copy.operations += block.operations
        if block.terminator is None:
            return copy
        terminator, location = block.terminator
        match terminator:
            case Jump(target):
                terminator = Jump(self._target(target, owner))
            case Branch(condition, then, otherwise):
                terminator = Branch(condition, self._target(then, owner), self._target(otherwise, owner))
            case Return(value) if owner is not None:
                if self._return_block is None:
                    self._return_block = self._block().index
                copy.operations.append((StoreLocal(self._returned, value), location))
                terminator = Jump(self._target(Block(self._return_block), owner))
            case Return():
                pass
        copy.terminator = terminator, location
        return copy

    def _target(self, target: Block, owner: Owner) -> Block:
        """Where a block of a function goes on: there, or where the function says that it left for there."""
        if owner is None:
            return Block(target.index)
        own = self._owner(target.index)
        inner = own is not None and own.head == target.index and self._parent(own) is owner
        if own is owner or inner or target.index in {block.index for block in self._drafts[owner]}:
            return Block(target.index)
        if target.index not in self._exits[owner]:
            self._exits[owner][target.index] = self._block().index
        return Block(self._exits[owner][target.index])

    def _exit(self, target: int, label: int, loop: CountedLoop) -> Block:
        block = Block(label)
        block.operations.append((StoreLocal(self._way_out, Number(target + 1, I64)), loop.location))
        block.terminator = Return(Number(1, I64)), loop.location
        return block

    def _return(self) -> Block:
        assert self._return_block is not None
        block, value = Block(self._return_block), self._register(self._returned.type)
        location = Location(self._function.scope.line, 1, self._function.scope)
        block.operations.append((LoadLocal(value, self._returned), location))
        block.terminator = Return(value), location
        return block

    def _call(self, loop: CountedLoop, owner: Owner) -> Iterator[Block]:
        """In place of a loop: the kernel runs its turns, then the way it was left by is taken."""
        block, location = Block(loop.head), loop.location
        body = self._register(PointerType(None, Space.FUNCTION))
        captures = self._register(PointerType(None, Space.STACK))
        done, way = self._register(I64), self._register(I64)
        arguments = (*loop.call.arguments, body, captures, Number(0, U64))
        block.operations += [
            (StoreLocal(self._way_out, Number(0, I64)), location),
            (FunctionAddress(body, self._names[loop]), location),
            (CapturesAddress(captures), location),
            (CallHelper(done, loop.call.helper, loop.call.name, arguments), location),
            (LoadLocal(way, self._way_out), location),
        ]
        for target in self._exits[loop]:
            if target == loop.ended:
                continue
            following, taken = self._block(), self._register(BOOL)
            block.operations.append((Compare(taken, "eq", way, Number(target + 1, I64)), location))
            block.terminator = Branch(taken, self._target(Block(target), owner), following), location
            yield block
            block = following
        block.terminator = Jump(self._target(Block(loop.ended), owner)), location
        yield block

    # what is shared

    def _share(self) -> tuple[Capture, ...]:
        """The variables that several functions use; shared values and stack become such variables."""
        users: dict[Local, set[Owner]] = {}
        for owner, operation in self._operations():
            if isinstance(operation, LoadLocal | StoreLocal):
                users.setdefault(operation.local, set()).add(owner)
        shared = [local for local in self._locals if len(users.get(local, ())) > 1]
        self._refuse_kept_structs(shared)
        self._hoist_slots()
        defined: dict[int, Owner] = {}
        for owner, operation in self._operations():
            result = _result(operation)
            if result is not None:
                defined[result.index] = owner
        kept: dict[int, Local] = {}
        for owner, blocks in self._drafts.items():
            for block in blocks:
                self._load_foreign(owner, block, defined, kept)
        for blocks in self._drafts.values():
            for block in blocks:
                block.operations[:] = list(_stored(block.operations, kept))
        steady = (self._way_out, self._returned)
        mutable = [Capture(local, isinstance(local.type, PointerType) or local in steady) for local in shared]
        return (*mutable, *(Capture(local, True) for local in kept.values()))

    def _operations(self) -> Iterator[tuple[Owner, Operation]]:
        for owner, blocks in self._drafts.items():
            for block in blocks:
                for operation, _ in block.operations:
                    yield owner, operation

    def _refuse_kept_structs(self, shared: list[Local]) -> None:
        """The verifier lets no address of the stack be kept for the caller."""
        for owner, blocks in self._drafts.items():
            for operation, location in (placed for block in blocks for placed in block.operations):
                if owner is None or not isinstance(operation, StoreLocal) or operation.local not in shared:
                    continue
                kind = operation.local.type
                if isinstance(kind, PointerType) and kind.space is Space.STACK:
                    raise KeptStructError(operation.local.name, location)

    def _hoist_slots(self) -> None:
        """Stack that is used outside of the body too belongs to the function itself."""
        users: dict[StackSlot, set[Owner]] = {}
        for owner, operation in self._operations():
            if isinstance(operation, SlotAddress):
                users.setdefault(operation.slot, set()).add(owner)
        first = self._drafts[None][0]
        for owner, blocks in self._drafts.items():
            if owner is None:
                continue
            for block in blocks:
                for placed in list(block.operations):
                    operation = placed[0]
                    if isinstance(operation, SlotAddress) and len(users[operation.slot]) > 1:
                        block.operations.remove(placed)
                        location = Location(self._function.scope.line, 1, self._function.scope)
                        first.operations.insert(0, (operation, location))

    def _load_foreign(
        self, owner: Owner, block: Block, defined: dict[int, Owner], kept: dict[int, Local]
    ) -> None:
        """Where a value of another function is used, it is loaded from the captures first."""
        operations: list[Placed] = []

        def own(location: Location, operand: Operand) -> Operand:
            if not isinstance(operand, Register) or defined.get(operand.index, owner) is owner:
                return operand
            if operand.index not in kept:
                kept[operand.index] = self._local("shared", operand.type)
            loaded = self._register(operand.type)
            operations.append((LoadLocal(loaded, kept[operand.index]), location))
            return loaded

        for operation, location in block.operations:
            changed = _with_operands(operation, partial(own, location))
            operations.append((changed, location))
        if block.terminator is not None:
            terminator, location = block.terminator
            block.terminator = _with_operands(terminator, partial(own, location)), location
        block.operations[:] = operations

    # functions

    def _build(self, owner: Owner, captures: tuple[Capture, ...]) -> FunctionIr:
        function, blocks = self._function, self._drafts[owner]
        operations = [operation for block in blocks for operation, _ in block.operations]
        used = {each.local for each in operations if isinstance(each, LoadLocal | StoreLocal)}
        used -= {capture.local for capture in captures}
        slots = {each.slot for each in operations if isinstance(each, SlotAddress)}
        parts = replace(
            function,
            locals=tuple(local for local in self._locals if local in used),
            slots=tuple(slot for slot in function.slots if slot in slots),
            blocks=tuple(blocks),
            loops=(),
            captures=captures,
            captures_context=function.has_context,
        )
        if owner is None:
            return parts
        scope = self._scopes[owner]
        for block in blocks:
            block.operations[:] = [(each, _moved(at, function.scope, scope)) for each, at in block.operations]
            if block.terminator is not None:
                terminator, location = block.terminator
                block.terminator = terminator, _moved(location, function.scope, scope)
        return replace(
            parts,
            name=self._names[owner],
            section="",
            return_type=I64,
            scope=scope,
            argument="",
            linkage=Linkage.STATIC,
            parameters=(
                *owner.call.parameters,
                Parameter("captures", PointerType(None, Space.STACK)),
            ),
        )


def _result(operation: Operation) -> Register | None:
    return getattr(operation, "result", None)


def _stored(operations: list[Placed], kept: dict[int, Local]) -> Iterator[Placed]:
    """The operations, with values that others use kept where they are made."""
    for operation, location in operations:
        yield operation, location
        result = _result(operation)
        if result is not None and result.index in kept:
            yield StoreLocal(kept[result.index], result), location


def _with_operands(operation: Changed, change: Callable[[Operand], Operand]) -> Changed:
    """An operation with other operands; the same where none changed."""
    changes: dict[str, Any] = {}
    for member in dataclasses.fields(cast("Any", operation)):
        value: object = getattr(operation, member.name)
        if member.name == "result":
            continue
        if isinstance(value, tuple):
            items = cast("tuple[Operand, ...]", value)
            new = tuple(change(item) for item in items)
            if any(after is not before for after, before in zip(new, items, strict=True)):
                changes[member.name] = new
        elif isinstance(value, Register):
            other = change(value)
            if other is not value:
                changes[member.name] = other
    return cast("Changed", replace(cast("Any", operation), **changes)) if changes else operation


def _moved(location: Location, old: Scope, new: Scope) -> Location:
    """A position in a function, as one in the function that was made of a part of it."""
    scope = location.scope
    if scope == old:
        return Location(location.line, location.column, new)
    if scope.inlined_at is None:
        return location
    return replace(location, scope=replace(scope, inlined_at=_moved(scope.inlined_at, old, new)))


def _unique(name: str, taken: set[str]) -> str:
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    taken.add(unique)
    return unique
