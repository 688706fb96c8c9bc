"""Nothing is called while a lock is held."""

from osmia import ArrayMap, SpinLock, XdpAction, XdpContext, ktime_get_ns, log, struct, u64, xdp


@struct
class Value:
    number: u64
    lock: SpinLock = SpinLock()


values = ArrayMap(Value, max_entries=2)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    value = values.lookup(0)
    if value is None:
        return XdpAction.PASS
    with value.lock:
        value.number = ktime_get_ns()
        log.info("held")
    return XdpAction.PASS
