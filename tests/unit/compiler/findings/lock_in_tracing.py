"""A program that may interrupt who holds the lock."""

from osmia import ArrayMap, SpinLock, KprobeContext, kprobe, struct, u64


@struct
class Value:
    number: u64
    lock: SpinLock = SpinLock()


values = ArrayMap(Value, max_entries=2)


@kprobe("tcp_connect")
def program(ctx: KprobeContext) -> int:
    value = values.lookup(0)
    if value is None:
        return 0
    with value.lock:
        value.number += 1
    return 0
