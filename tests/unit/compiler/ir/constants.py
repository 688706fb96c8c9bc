"""Configuration constants are loaded, captured values are numbers."""

from osmia import Constant, XdpAction, XdpContext, XdpProgram, u32, xdp

LIMIT = Constant(u32(64))
STRICT = Constant(True)
SHORTEST = u32(20)


def make(longest: u32) -> XdpProgram:
    @xdp
    def constants(ctx: XdpContext) -> XdpAction:
        if STRICT.value and not SHORTEST <= ctx.length < longest:
            return XdpAction.DROP
        return XdpAction.PASS if ctx.length < LIMIT.value else XdpAction.TX

    return constants


constants = make(u32(1500))
