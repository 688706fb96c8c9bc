"""Tail calls: programs that hand over to another program of an array, and do not come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeGuard, TypeVar

from osmia.lang.integers import u32
from osmia.lang.maps import Map
from osmia.lang.programs import Program, TailCall, tail_calls_left
from osmia.lang.runtime import current_runtime
from osmia.uapi import MapType

__all__ = ["ProgramArray", "is_program_array"]

C = TypeVar("C")


class ProgramArray(Map, Generic[C]):
    """BPF_MAP_TYPE_PROG_ARRAY: programs of one type to go on with, by index. Since Linux 4.2.

    `context` is the class of their context. `programs` are its entries from the start: they are loaded
    together with the programs that use the array. User space changes them: `bpf[steps][1] = other`.

        steps = ProgramArray(XdpContext, {0: parse_ipv4, 1: parse_ipv6})

        @xdp
        def parse(ctx: XdpContext) -> XdpAction:
            steps.tail_call(ctx, u32(0))
            return XdpAction.PASS  # there is no program at 0
    """

    map_type = MapType.PROG_ARRAY

    def __init__(
        self,
        context: type[C],
        programs: Mapping[int, Program[C, Any]] | None = None,
        *,
        max_entries: int | None = None,
    ) -> None:
        """`max_entries` is one more than the greatest index of `programs` where it is not given."""
        given = dict(programs or {})
        least = max(given, default=-1) + 1
        super().__init__(u32, u32, least if max_entries is None else max_entries)
        if min(given, default=0) < 0 or least > self.max_entries:
            raise ValueError(f"programs stand at 0 to {self.max_entries - 1}")
        self.context = context
        for program in given.values():
            self.check(program)
        if len({program.program_type for program in given.values()}) > 1:
            raise TypeError("the programs of an array are of one type")
        self.programs = given

    def check(self, program: object) -> None:
        """TypeError for what is no program with this array's context."""
        if not isinstance(program, Program):
            raise TypeError(f"{program!r} is no program")
        if program.context_type is not self.context:
            raise TypeError(
                f"{program.name} has a {program.context_type.__name__}, not a {self.context.__name__}"
            )

    def tail_call(self, ctx: C, index: u32 | int) -> None:
        """Go on with the program at `index` instead of this one (bpf_tail_call, Linux 4.2).

        It comes back only where nothing was done: no program stands at `index`, or this would be more than
        the 33rd tail call in a row (MAX_TAIL_CALL_CNT).
        """
        program = current_runtime().program(self, int(index))
        if program is not None and tail_calls_left():
            raise TailCall(program)


def is_program_array(value: object) -> TypeGuard[ProgramArray[Any]]:
    """Whether a value is a program array."""
    return isinstance(value, ProgramArray)
