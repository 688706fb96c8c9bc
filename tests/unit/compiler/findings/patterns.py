"""Patterns that can never fit, or that have no meaning in the kernel."""

from osmia import HashMap, XdpAction, XdpContext, be16, struct, u8, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=4)


@struct
class Input:
    kind: u8
    port: be16


@struct
class Other:
    kind: u8


@xdp
def program(ctx: XdpContext) -> XdpAction:
    match ctx.packet().read(Input):
        case Other(kind=3):
            return XdpAction.DROP
        case Input(3):
            return XdpAction.DROP
        case Input(colour=3):
            return XdpAction.DROP
        case Input(kind=300):
            return XdpAction.DROP
        case Input(kind=None):
            return XdpAction.DROP
        case u8():
            return XdpAction.DROP
        case 5:
            return XdpAction.DROP
        case Input():
            pass
        case None:
            pass
        case Input(kind=kind):
            return XdpAction.DROP
    match counts:
        case everything:
            return XdpAction.DROP


@xdp
def sequences(ctx: XdpContext) -> XdpAction:
    match ctx.length:
        case [a, b]:
            return XdpAction.DROP
        case {"a": 1}:
            return XdpAction.DROP
    return XdpAction.PASS


@xdp
def unreachable(ctx: XdpContext) -> XdpAction:
    match ctx.packet().read(Input):
        case Input():
            return XdpAction.PASS
        case Input(kind=3):
            return XdpAction.TX
        case None:
            return XdpAction.DROP
        case Other():
            return XdpAction.TX
