"""The function that is being checked: its variables and loops, and what is known where control stands."""

from __future__ import annotations

from collections.abc import Iterable

from osmia.compiler.check.names import names_of
from osmia.compiler.check.values import Reservation, Value
from osmia.compiler.ir.operands import Local, Operand, Scope
from osmia.compiler.ir.ops import Block
from osmia.compiler.source import FunctionSource
from osmia.dataclass import dataclass, field


@dataclass(frozen=True)
class Flow:
    """What is known where control stands: names that are set, and optional ones that are not None."""

    assigned: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    live: frozenset[Reservation] = frozenset()
    """Room in ring buffers that is to be given back, on some way to here at least."""
    released: frozenset[Reservation] = frozenset()
    """Room that was given back, on some way to here at least."""
    holds: frozenset[tuple[str, Reservation]] = frozenset()
    """Variables of the function that stand for such room."""


def merge(states: Iterable[Flow | None]) -> Flow | None:
    """What is known where several ways come together; None stands for a way that is never taken."""
    result: Flow | None = None
    for state in states:
        if state is None:
            continue
        result = (
            state
            if result is None
            else Flow(
                result.assigned & state.assigned,
                result.present & state.present,
                result.live | state.live,
                result.released | state.released,
                result.holds | state.holds,
            )
        )
    return result


@dataclass(eq=False)
class Variable:
    """A local variable: its slot in the IR, or a value that is bound once."""

    local: Local | None
    value: Value | None = None
    origin: str = ""
    slot: Operand | None = None
    """Memory of its own, for a name that is set to a new struct more than once."""
    sure: Local | None = None
    """Where its struct lies when it is not None, for structs in packets."""
    shares: frozenset[str] = frozenset()
    """Variables of its function whose struct this one may stand for as well."""
    given: frozenset[str] = frozenset()
    """Variables of the caller, where it is a parameter."""


@dataclass
class Loop:
    """Where `break` and `continue` go, and what is known on the ways out."""

    exit: Block
    step: Block
    changed: frozenset[str]
    """Names that a turn sets."""
    assumed: frozenset[str]
    """Those of them that were taken to be present at its head, as before it."""
    head: Flow | None
    """What is known at the head of each turn."""
    targets: frozenset[str] = frozenset()
    """The names that a `for` loop sets in each turn."""
    breaks: list[Flow | None] = field(default_factory=list["Flow | None"])
    continues: list[Flow | None] = field(default_factory=list["Flow | None"])


@dataclass(frozen=True)
class Held:
    """A spin lock that is held: its address, and how many loops of its function were around it."""

    lock: Operand
    loops: int


@dataclass
class Frame:
    """One function being checked: a program, or a function inlined into it."""

    source: FunctionSource
    scope: Scope
    program: str
    return_annotation: object
    exit: Block | None = None
    """Where an inlined function returns to; None in the program itself."""
    result: Local | None = None
    result_sure: Local | None = None
    """Where the result lies when it is not None, for structs in packets."""
    result_slot: Operand | None = None
    """Where structs that the function builds are returned."""
    result_value: Value | None = None
    variables: dict[str, Variable] = field(default_factory=dict[str, Variable])
    held: Held | None = None
    """The lock that this function holds."""
    loops: list[Loop] = field(default_factory=list[Loop])
    returns: list[Flow | None] = field(default_factory=list["Flow | None"])
    calls: tuple[object, ...] = ()
    """The functions on the way to here, to find recursion."""

    def __post_init__(self) -> None:
        names = names_of(self.source.node)
        self.assignments = names.assignments
        """How often each name is set in the function's text."""
        self.aliased = names.aliased
        """Names that are given to another name as they are."""
        self.indices = names.indices
        """Names of the indices of its loops."""

    def passed(self, names: frozenset[str]) -> frozenset[str]:
        """The caller's variables whose structs some variables of this function stand for."""
        return frozenset(name for own in names if own in self.variables for name in self.variables[own].given)
