"""`Flags`: enumerations whose members are bits."""

from __future__ import annotations

from enum import Enum
from typing import Any, Self, cast

__all__ = ["Flags"]


class Flags(Enum):
    """Base of an enumeration of bits, behind its integer type: `class TcpFlags(u8, Flags)`.

    `&`, `|`, `^` and `~` give the enumeration again, also where no single member has that number, and
    `TcpFlags.SYN in header.flags` asks whether all bits of a member are set.
    """

    def __contains__(self, flag: Self) -> bool:
        bits = int(cast("Any", flag))
        return int(cast("Any", self)) & bits == bits
