"""What a program may return, one enumeration for each kind."""

from __future__ import annotations

from enum import Enum

from osmia.lang.integers import i32, u32

__all__ = ["CgroupVerdict", "NetfilterVerdict", "SkAction", "TcAction", "XdpAction"]


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


class CgroupVerdict(u32, Enum):
    """Verdict of a program on a control group."""

    DENY = 0
    """Refuse: the packet is dropped, the call fails with EPERM."""
    ALLOW = 1
    """Let it go on."""


class SkAction(u32, Enum):
    """Verdict of a program at sockets and their messages (`enum sk_action`)."""

    DROP = 0
    """Drop the message, or refuse the connection."""
    PASS = 1
    """Go on as usual, or to the socket that was chosen."""


class NetfilterVerdict(u32, Enum):
    """Verdict of a netfilter program (NF_DROP, NF_ACCEPT)."""

    DROP = 0
    """Drop the packet."""
    ACCEPT = 1
    """Let the packet go on."""
