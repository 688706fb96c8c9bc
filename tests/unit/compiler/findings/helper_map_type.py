from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp
from osmia.helpers import redirect_map, ringbuf_query

ports = HashMap(u32, u64, max_entries=4)


@xdp
def forward(ctx: XdpContext) -> XdpAction:
    redirect_map(ports, 1, 0)
    ringbuf_query(ports, 0)
    return XdpAction.PASS
