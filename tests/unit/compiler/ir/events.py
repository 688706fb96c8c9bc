"""Events and log messages: only values travel."""

from osmia import PerfEventArray, RingBuf, XdpAction, XdpContext, log, struct, u32, u64, xdp


@struct
class Event:
    length: u32
    number: u64


@struct
class Other:
    number: u32


both = RingBuf(Event, Other, byte_size=4096)
alerts = PerfEventArray(Event)
numbers = RingBuf(u64, byte_size=4096)


@xdp
def events(ctx: XdpContext) -> XdpAction:
    event = Event(length=ctx.length, number=u64(3))
    alerts.output(ctx, event)
    other = both.reserve(Other)
    if other is not None:
        other.number = u32(7)
        both.submit(other)
    both.output(event)
    if not numbers.output(event.number):
        log.warning(f"no room for {event.number:x} of {ctx.length}")
    return XdpAction.PASS
