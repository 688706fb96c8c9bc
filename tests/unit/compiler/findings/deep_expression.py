"""An expression of very many parts."""

from osmia import XdpAction, XdpContext, xdp



@xdp
def program(ctx: XdpContext) -> XdpAction:
    total = (
        ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
        + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length + ctx.length
    )
    return XdpAction.PASS
