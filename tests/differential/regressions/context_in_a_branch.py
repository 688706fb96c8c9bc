"""LLVM made one load of a context's field and a packet's, chosen by address."""

from osmia import HashMap, XdpAction, XdpContext, struct, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=64)


@struct
class Input:
    flag: bool
    first: u32
    second: u32


@xdp
def choose(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    counts[(p.first if p.flag else ctx.rx_queue_index) & 7] += 1
    counts[(ctx.ingress_ifindex if p.second > 9 else p.second) & 7] += 2
    value = ctx.rx_queue_index
    if p.first > p.second:
        value = ctx.ingress_ifindex
    return XdpAction.PASS if value == 1 else XdpAction.DROP
