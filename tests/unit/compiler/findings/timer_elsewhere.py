"""A timer of a struct that is not in the map yet."""

from osmia import ArrayMap, Timer, XdpAction, XdpContext, struct, timer_callback, u32, u64, xdp


@struct
class Value:
    number: u64
    timer: Timer = Timer()


values = ArrayMap(Value, max_entries=2)


@timer_callback(values)
def fired(index: u32, value: Value) -> None:
    value.number += 1


@xdp
def program(ctx: XdpContext) -> XdpAction:
    value = Value(number=u64(1))
    value.timer.start(1_000_000, fired)
    values[u32(0)] = value
    return XdpAction.PASS
