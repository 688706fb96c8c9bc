"""A lock that nobody else sees."""

from osmia import ArrayMap, SpinLock, XdpAction, XdpContext, struct, u64, xdp


@struct
class Value:
    number: u64
    lock: SpinLock = SpinLock()


values = ArrayMap(Value, max_entries=2)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    value = Value(number=u64(1))
    with value.lock:
        value.number = u64(2)
    return XdpAction.PASS
