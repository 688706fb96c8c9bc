"""One lock at a time, in called functions too."""

from osmia import ArrayMap, SpinLock, XdpAction, XdpContext, struct, u64, xdp


@struct
class Value:
    number: u64
    lock: SpinLock = SpinLock()


values = ArrayMap(Value, max_entries=2)


def add(value: Value) -> None:
    with value.lock:
        value.number += 1


@xdp
def program(ctx: XdpContext) -> XdpAction:
    first = values.lookup(0)
    second = values.lookup(1)
    if first is None or second is None:
        return XdpAction.PASS
    with first.lock:
        add(second)
    return XdpAction.PASS
