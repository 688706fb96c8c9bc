"""A struct with text in it."""

from osmia import XdpAction, XdpContext, struct, u32, xdp


@struct
class Event:
    name: str


@xdp
def program(ctx: XdpContext) -> XdpAction:
    event = Event(name=u32(1))
    return XdpAction.PASS
