"""A lock that is released on every way out of its block."""

from osmia import ArrayMap, SpinLock, XdpAction, XdpContext, struct, u64, xdp


@struct
class Value:
    number: u64
    lock: SpinLock = SpinLock()


values = ArrayMap(Value, max_entries=2)


@xdp
def spin_locks(ctx: XdpContext) -> XdpAction:
    value = values.lookup(0)
    if value is None:
        return XdpAction.PASS
    for index in range(4):
        with value.lock:
            if index == 2:
                continue
            if value.number > 7:
                return XdpAction.DROP
            value.number += 1
    return XdpAction.PASS
