"""An annotation that means nothing when the program runs."""

from __future__ import annotations

from osmia import XdpAction, XdpContext, xdp


def above(number: Length) -> bool:
    return number > 64


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if above(ctx.length) else XdpAction.PASS
