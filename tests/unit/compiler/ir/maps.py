"""Entries of maps: counted, set, deleted, inserted, asked for, read in place."""

from osmia import ArrayMap, HashMap, PerCpuHashMap, XdpAction, XdpContext, u16, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)
sizes = PerCpuHashMap(u32, u16, max_entries=16)
table = ArrayMap(u64, max_entries=8)


@xdp
def maps(ctx: XdpContext) -> XdpAction:
    key = ctx.rx_queue_index
    counts[key] += 1
    sizes[key] -= 2
    table[3] = u64(ctx.length)
    if key in counts and not counts.insert(key, u64(1)):
        del counts[key]
    value = table.lookup(key)
    if value is not None:
        value.value += 7
    return XdpAction.PASS
