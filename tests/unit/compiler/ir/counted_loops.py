"""A loop whose turns the kernel counts: its body becomes a function, what it shares is captured."""

from osmia import XdpAction, XdpContext, loop, u32, u64, xdp
from osmia.net import EthHdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    eth = ctx.packet().read(EthHdr)
    if eth is None:
        return XdpAction.PASS
    total = u64(0)
    for i in loop(ctx.length):
        if u32(i) == ctx.ingress_ifindex:
            break
        total += u64(eth.src_addr[5])
        if total == 7:
            return XdpAction.DROP
    return XdpAction.PASS if total == 3 else XdpAction.TX
