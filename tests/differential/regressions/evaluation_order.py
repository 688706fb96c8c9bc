"""`a.b += f(a)` reads its target first; `and` and `or` stop early; chains look at each side once."""

from osmia import ArrayMap, HashMap, XdpAction, XdpContext, struct, u32, u64, xdp


@struct
class Counter:
    count: u64
    calls: u32


results = ArrayMap(u64, max_entries=8)
calls = HashMap(u32, u64, max_entries=8)


@struct
class Input:
    number: u32
    other: u32


def bump(counter: Counter) -> u64:
    counter.count += 5
    counter.calls += 1
    return counter.count


def seen(number: u32) -> u32:
    calls[number & 3] += 1
    return number


@xdp
def order(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    counter = Counter(count=u64(1), calls=u32(0))
    counter.count += bump(counter)
    results[0] = counter.count
    results[1] = counter.count + bump(counter)
    results[2] = u64(counter.calls)
    if (seen(p.number) > 5 and seen(p.other) > 5) or seen(u32(1)) == 1:
        results[3] += 1
    if 1 < seen(p.number) < seen(p.other) <= seen(u32(77)):
        results[4] += 1
    return XdpAction.PASS if not (seen(u32(2)) == 2 and p.number < p.other) else XdpAction.DROP
