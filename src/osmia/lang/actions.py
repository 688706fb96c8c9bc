"""What a program may return, one enumeration for each kind."""

from __future__ import annotations

from enum import Enum

from osmia.lang.integers import i32, u32

__all__ = ["TcAction", "XdpAction"]


class XdpAction(u32, Enum):
    """Verdict of an XDP program (`enum xdp_action`)."""

    ABORTED = 0
    """Drop, and raise the tracepoint xdp:xdp_exception."""
    DROP = 1
    """Drop silently."""
    PASS = 2
    """Let the packet go on to the network stack."""
    TX = 3
    """Send it back out of the interface it came from."""
    REDIRECT = 4
    """Send it where a redirect helper said."""


class TcAction(i32, Enum):
    """Verdict of a traffic control program (TC_ACT_*, and TCX_* of the same numbers)."""

    NEXT = -1
    """Go on with the next program (TC_ACT_UNSPEC, TCX_NEXT)."""
    OK = 0
    """Let the packet pass (TC_ACT_OK, TCX_PASS)."""
    SHOT = 2
    """Drop it (TC_ACT_SHOT, TCX_DROP)."""
    REDIRECT = 7
    """Send it where a redirect helper said (TC_ACT_REDIRECT, TCX_REDIRECT)."""
