"""A key has the type of the map's keys."""

from osmia import HashMap, XdpAction, XdpContext, u32, xdp
from osmia.net import IPv4Address

blocked = HashMap(IPv4Address, u32, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.length in blocked:
        return XdpAction.DROP
    return XdpAction.PASS
