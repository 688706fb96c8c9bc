from osmia import XdpAction, XdpContext, u32, xdp
from osmia.helpers import csum_diff, tcp_raw_check_syncookie_ipv4, xdp_load_bytes
from osmia.net import EthHdr


@xdp
def load(ctx: XdpContext) -> XdpAction:
    word = u32(0)
    xdp_load_bytes(ctx, 0, word)
    csum_diff(None, 7, 0)
    eth = ctx.packet().read(EthHdr)
    if eth is None:
        return XdpAction.PASS
    xdp_load_bytes(ctx, 0, eth)
    tcp_raw_check_syncookie_ipv4(eth, eth)
    xdp_load_bytes(eth, 0, eth)
    return XdpAction.PASS
