"""What a row of the helper table holds."""

from __future__ import annotations

import re
from dataclasses import dataclass


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
