"""One step each: the value before is used or not."""

from osmia import ArrayMap, Atomic, XdpAction, XdpContext, u32, u64, xdp

counters = ArrayMap(Atomic[u64], max_entries=2)


@xdp
def atomics(ctx: XdpContext) -> XdpAction:
    counter = counters.lookup(u32(1))
    if counter is None:
        return XdpAction.PASS
    counter.add(1)
    if counter.add(u64(ctx.length)) > 1000:
        counter.exchange(0)
    if counter.compare_exchange(7, 8) == counter.value:
        counter.value = u64(3)
    return XdpAction.PASS
