"""A property of the user's struct."""

from osmia import XdpAction, XdpContext, struct, u32, u64, xdp


@struct
class Pair:
    first: u32
    second: u64

    @property
    def total(self) -> u64:
        return self.first + self.second


@xdp
def program(ctx: XdpContext) -> XdpAction:
    pair = Pair(first=ctx.length, second=u64(1))
    return XdpAction.PASS if pair.total == 1 else XdpAction.DROP
