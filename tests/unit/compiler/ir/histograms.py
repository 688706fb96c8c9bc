"""Values counted in buckets, with and without keys."""

from osmia import LinearHistogram, Log2Histogram, XdpAction, XdpContext, u16, u64, xdp

lengths = Log2Histogram(u64)
sizes = LinearHistogram(u16, start=64, step=100, buckets=15, key=u16, max_entries=8)


@xdp
def measure(ctx: XdpContext) -> XdpAction:
    lengths.record(u64(ctx.length))
    sizes.record(u16(ctx.rx_queue_index), u16(ctx.length))
    return XdpAction.PASS
