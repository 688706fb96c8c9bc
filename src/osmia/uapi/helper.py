"""What a row of the helper table holds."""

from __future__ import annotations

import re

from osmia.dataclass import dataclass
from osmia.uapi.constants import ProgramType


@dataclass(frozen=True)
class Parameter:
    """A parameter of a helper; `type` is "..." for a variable number of further arguments."""

    type: str
    name: str


@dataclass(frozen=True)
class Helper:
    """A function of the kernel that programs call by number; types are spelled as in C."""

    id: int
    name: str
    result: str
    arguments: str
    """The C parameter list."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameter list, taken apart."""
        return tuple(_parameter(argument) for argument in self.arguments.split(", ") if argument)


def _parameter(argument: str) -> Parameter:
    match = re.fullmatch(r"(.*?[ *])(\w+)", argument)
    return Parameter(match[1].strip(), match[2]) if match else Parameter("...", "")


@dataclass(frozen=True)
class Availability:
    """Where a helper can be called."""

    since: str
    """The first kernel that has it, as "5.8"; a program type may have been given it later."""
    program_types: frozenset[ProgramType]
    """Program types that may call it, on the newest kernel that was asked."""
    gpl_only: bool = False
    """Whether only programs under a licence that goes with the GPL may call it."""
