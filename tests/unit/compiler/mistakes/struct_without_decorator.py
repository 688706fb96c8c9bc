"""A class without @struct."""

from osmia import XdpAction, XdpContext, u32, xdp


class Event:
    pid: u32


@xdp
def program(ctx: XdpContext) -> XdpAction:
    event = Event(pid=ctx.length)
    return XdpAction.PASS
