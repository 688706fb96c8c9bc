"""A name that the kernel does not take."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

zähler = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    zähler[u32(1)] += 1
    return XdpAction.PASS
