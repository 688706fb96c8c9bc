"""A map of Python integers."""

from osmia import HashMap, XdpAction, XdpContext, xdp

counts = HashMap(int, int, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    counts[1] = 1
    return XdpAction.PASS
