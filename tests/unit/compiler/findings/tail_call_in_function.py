"""A tail call in a function that is not inlined, and one with another context."""

from osmia import ProgramArray, RingBuf, TcContext, XdpAction, XdpContext, function, u32, u64, xdp

steps = ProgramArray(XdpContext, max_entries=4)
others = ProgramArray(TcContext, max_entries=4)

events = RingBuf(u64, byte_size=4096)


@function(inline=False)
def reserve() -> None:
    event = events.reserve()
    if event is not None:
        event.value = u64(1)


@function(inline=False)
def hand_over(ctx: XdpContext) -> None:
    steps.tail_call(ctx, u32(1))


@xdp
def program(ctx: XdpContext) -> XdpAction:
    hand_over(ctx)
    reserve()
    event = events.reserve()
    steps.tail_call(ctx, u32(1))
    if event is not None:
        events.discard(event)
    others.tail_call(ctx, u32(0))
    steps[u32(0)] = u32(1)
    return XdpAction.PASS
