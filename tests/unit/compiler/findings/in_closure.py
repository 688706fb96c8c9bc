"""An indented program."""

from osmia import XdpAction, XdpContext, XdpProgram, u64, xdp


def make_program(limit: u64) -> XdpProgram:
    @xdp
    def program(ctx: XdpContext) -> XdpAction:
        return XdpAction.DROP if ctx.length > limit else XdpAction.PASS

    return program


@xdp
def unused(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS


made = make_program(u64(1500))
