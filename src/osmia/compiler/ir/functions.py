"""Functions and the whole of an object: what the stages of the compiler hand on."""

from __future__ import annotations

from enum import Enum

from osmia.compiler.ir.operands import (
    Local,
    Location,
    MapDefinition,
    Operand,
    Parameter,
    Scope,
    StackSlot,
    VariableDefinition,
)
from osmia.compiler.ir.ops import Block
from osmia.compiler.ir.types import BoolType, IntegerType, IrType, PointerType, Space
from osmia.dataclass import dataclass


def is_context(kind: IrType) -> bool:
    """Whether a parameter of this type is the context."""
    return isinstance(kind, PointerType) and kind.space is Space.CONTEXT


class Linkage(Enum):
    """What a function is to the kernel."""

    PROGRAM = "program"
    """Where the kernel enters."""
    STATIC = "static"
    """A subprogram; the verifier follows each call of it."""
    GLOBAL = "global"
    """A subprogram that the verifier looks at once, by itself."""


@dataclass(frozen=True, eq=False)
class Capture:
    """A variable that a function shares with the bodies of its counted loops.

    An `exact` one does not change from turn to turn: the verifier shall know it. What changes it must not
    know: it would follow the turns one by one.
    """

    local: Local
    exact: bool


@dataclass(frozen=True)
class TurnCall:
    """A helper that calls the body of a loop: what it takes before the body, and what it gives the body."""

    helper: int
    name: str
    arguments: tuple[Operand, ...]
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, eq=False)
class CountedLoop:
    """A loop whose turns a helper of the kernel shall make: blocks `head` up to `end`, by their index.

    `advance` is the block that a turn ends in, `ended` the one behind the last turn. `counter` takes the
    number of the turn, where it has one.
    """

    head: int
    end: int
    advance: int
    ended: int
    counter: Local | None
    call: TurnCall
    location: Location


@dataclass(frozen=True)
class FunctionIr:
    """A program: its argument is the context, its result an integer. Or a subprogram, with parameters."""

    name: str
    section: str
    context: str
    """The kernel's name of the context struct."""
    return_type: IntegerType | BoolType
    scope: Scope
    argument: str
    locals: tuple[Local, ...]
    slots: tuple[StackSlot, ...]
    blocks: tuple[Block, ...]
    linkage: Linkage = Linkage.PROGRAM
    parameters: tuple[Parameter, ...] = ()
    """Those of a subprogram; a program has its context only."""
    loops: tuple[CountedLoop, ...] = ()
    """Loops that are still to become functions (see `passes.outline_loops`)."""
    captures: tuple[Capture, ...] = ()
    """Variables that a function shares with the bodies of its counted loops."""
    captures_context: bool = False
    """Whether the context stands before them."""

    @property
    def has_context(self) -> bool:
        """Whether it is called with the context."""
        return self.linkage is Linkage.PROGRAM or any(is_context(each.type) for each in self.parameters)

    @property
    def is_loop_body(self) -> bool:
        """Whether it takes its variables from the function that it was a loop of."""
        return bool(self.parameters) and self.parameters[-1].type == PointerType(None, Space.STACK)


@dataclass(frozen=True)
class ModuleIr:
    """All that goes into one object."""

    functions: tuple[FunctionIr, ...]
    maps: tuple[MapDefinition, ...]
    variables: tuple[VariableDefinition, ...]
    log_formats: bytes
    """The table of log messages for user space (see `primitives.log`); empty where nothing is logged."""
    license: str = "Dual MIT/GPL"
