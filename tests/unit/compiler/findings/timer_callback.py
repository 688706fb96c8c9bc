"""Functions that a timer of this map cannot call."""

from osmia import ArrayMap, Timer, XdpAction, XdpContext, struct, timer_callback, u32, u64, xdp


@struct
class Value:
    number: u64
    timer: Timer = Timer()


values = ArrayMap(Value, max_entries=2)


def plain(index: u32, value: Value) -> None:
    value.number += 1


@timer_callback(values)
def of_wide_keys(index: u64, value: Value) -> None:
    value.number += 1


@timer_callback(values)
def of_the_key_only(index: u32) -> None:
    values[index] = Value(number=u64(0))


@timer_callback(values)
def with_a_result(index: u32, value: Value) -> u64:
    return value.number


@timer_callback(values)
def with_a_mistake(index: u32, value: Value) -> None:
    value.number += index


@xdp
def program(ctx: XdpContext) -> XdpAction:
    value = values.lookup(0)
    if value is not None:
        value.timer.start(1_000_000, plain)
        value.timer.start(1_000_000, of_wide_keys)
        value.timer.start(1_000_000, of_the_key_only)
        value.timer.start(1_000_000, with_a_result)
        value.timer.start(1_000_000, with_a_mistake)
        value.timer.start(u32(5), with_a_mistake)
        value.timer.cancel(1)
    return XdpAction.PASS
