"""A timer in a program of a kprobe."""

from osmia import ArrayMap, KprobeContext, Timer, kprobe, struct, timer_callback, u32, u64


@struct
class Value:
    number: u64
    timer: Timer = Timer()


values = ArrayMap(Value, max_entries=2)


@timer_callback(values)
def fired(index: u32, value: Value) -> None:
    value.number += 1


@kprobe("tcp_connect")
def program(ctx: KprobeContext) -> int:
    value = values.lookup(0)
    if value is not None:
        value.timer.start(1_000_000, fired)
    return 0
