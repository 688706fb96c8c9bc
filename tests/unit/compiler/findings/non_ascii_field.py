"""A name that the kernel does not take."""

from osmia import HashMap, XdpAction, XdpContext, struct, u32, xdp


@struct
class Größe:
    länge: u32


sizes = HashMap(u32, Größe, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    sizes[u32(1)] = Größe(länge=ctx.length)
    return XdpAction.PASS
