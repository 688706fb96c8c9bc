"""Types of Python that no value in the kernel has, as parameters."""

from osmia import XdpAction, XdpContext, u32, xdp


def too_fast(rate: float, names: list[str]) -> bool:
    return rate > 1000


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if too_fast(ctx.length, ctx.length) else XdpAction.PASS
