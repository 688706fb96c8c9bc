"""What the kernel cannot count."""

from osmia import HashMap, XdpAction, XdpContext, i32, loop, u32, xdp
counts = HashMap(u32, u32, max_entries=4)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    total = u32(0)
    for i in loop(i32(ctx.length)):
        total += 1
    for i in loop(1, 2):
        total += 1
    for i, j in enumerate(loop(3)):
        total += u32(i) + u32(j)
    loop(3)
    counts.items()
    for count in counts.items():
        total += 1
    return XdpAction.PASS if total == 3 else XdpAction.DROP
