"""A map cannot be walked in a program."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    for key in counts:
        counts[key] += 1
    return XdpAction.PASS
