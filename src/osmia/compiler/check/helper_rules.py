"""What holds for a call of a helper beyond its types: who may call it, and what it makes of the packet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osmia.compiler import findings
from osmia.compiler.check.values import Cursor, Reference
from osmia.compiler.ir.ops import ContextField
from osmia.compiler.ir.types import PointerType, Space
from osmia.dataclass import replace
from osmia.uapi import ProgramType
from osmia.uapi.helper_availability import AVAILABILITY, JUDGED

if TYPE_CHECKING:
    from osmia.compiler.check.context import Checker
from osmia.compiler.check.frames import Variable

_MOST_NAMES = 6
"""Program types that a message lists."""

_INSTEAD = {
    (ProgramType.XDP, "skb_load_bytes"): "xdp_load_bytes",
    (ProgramType.XDP, "skb_store_bytes"): "xdp_store_bytes",
    (ProgramType.XDP, "skb_change_head"): "ctx.adjust_head",
    (ProgramType.XDP, "skb_change_tail"): "ctx.adjust_tail",
    (ProgramType.SCHED_CLS, "xdp_load_bytes"): "skb_load_bytes",
    (ProgramType.SCHED_CLS, "xdp_store_bytes"): "skb_store_bytes",
    (ProgramType.SCHED_CLS, "xdp_adjust_head"): "skb_change_head",
    (ProgramType.SCHED_CLS, "xdp_adjust_tail"): "skb_change_tail",
}
"""The helper of the same meaning in another program type."""


def may_call(checker: Checker, name: str) -> bool:
    """Whether programs of this type may call a helper; a finding where not."""
    program_type = checker.program_type
    allowed = AVAILABILITY[name].program_types
    if program_type not in JUDGED or program_type in allowed:
        return True
    names = sorted(each.name for each in allowed)
    listed = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    instead = _INSTEAD.get((program_type, name), "")
    checker.report(findings.helper_program_type(checker.here(), name, program_type.name, listed, instead))
    return False


def packet_moved(checker: Checker) -> None:
    """A helper may have moved the packet: its bounds are read again, and what was read from it is gone.

    The bounds that stand before are read again as well: a loop may come back to them.
    """
    checker.packet_reload = True
    checker.packet_moves += 1
    for block in checker.builder.blocks:
        for position, (operation, location) in enumerate(block.operations):
            if isinstance(operation, ContextField) and isinstance(operation.result.type, PointerType):
                block.operations[position] = replace(operation, reload=True), location
    forget_packet(checker)


def forget_packet(checker: Checker) -> None:
    """What the function has read from the packet can no longer be used."""
    if checker.state is not None:
        stale = {name for name, each in checker.frame.variables.items() if of_packet(each)}
        checker.state = replace(checker.state, assigned=checker.state.assigned - stale)


def of_packet(variable: Variable) -> bool:
    """Whether a variable points into the packet."""
    if isinstance(variable.value, Cursor):
        return True
    kind = variable.local.type if variable.local is not None else None
    if isinstance(variable.value, Reference):
        kind = variable.value.type
    return isinstance(kind, PointerType) and kind.space is Space.PACKET
