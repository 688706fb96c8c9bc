"""A timer that starts itself again: the function is compiled once, and called by the kernel."""

from osmia import ArrayMap, Timer, XdpAction, XdpContext, struct, timer_callback, u32, u64, xdp


@struct
class Value:
    number: u64
    timer: Timer = Timer()


values = ArrayMap(Value, max_entries=2)


@timer_callback(values)
def again(index: u32, value: Value) -> None:
    value.number += u64(index)
    value.timer.start(1_000_000, again)


@xdp
def timers(ctx: XdpContext) -> XdpAction:
    value = values.lookup(0)
    if value is not None and value.timer.start(1_000_000, again) and value.timer.cancel():
        return XdpAction.DROP
    return XdpAction.PASS
