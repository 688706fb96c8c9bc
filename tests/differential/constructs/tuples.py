"""Loops over tuples, of numbers and of tuples, written there or in the module; and sets that never change."""

from osmia import ArrayMap, XdpAction, XdpContext, be16, i32, struct, u8, u16, u32, u64, xdp

results = ArrayMap(u64, max_entries=8)

PRIMES = (2, 3, 5, 7, 11)
LIMITS = (u32(10), u32(1 << 31), u32(0xFFFF_FFFF))
RANGES = ((be16(80), 1), (be16(443), 2), (be16(0), 4))
KINDS = frozenset({1, 6, 17, 132})


@struct
class Input:
    wide: u64
    number: u32
    small: i32
    port: be16
    kind: u8


@xdp
def over_tuples(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    total = u64(0)
    for prime in PRIMES:
        if p.kind % prime == 0:
            continue
        total = total * 31 + prime
    results[0] = total
    for place, limit in enumerate(LIMITS):
        if p.number <= limit:
            results[1] = u64(limit) << place
            break
    else:
        results[1] = u64(1)
    bits = u64(0)
    for port, bit in RANGES:
        if p.port == port or p.kind & bit:
            bits |= bit
    results[2] = bits
    for number in (p.small, p.small >> 3, i32(-7)):
        if number < 0:
            total += u64(number)
    for prime, limit in zip(PRIMES, (p.number, p.number + 1), strict=False):
        total ^= u64(limit) << prime
    results[3] = total
    return XdpAction.PASS


@xdp
def over_sets(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    total = u64(0)
    if p.kind in KINDS or u16(p.kind) + 1 in KINDS:
        total += 1
    for kind in KINDS:
        total = total << 4 ^ kind
    results[0] = total + sum(u64(prime) * p.wide for prime in PRIMES)
    results[1] = u64(any(limit == p.number for limit in LIMITS))
    return XdpAction.PASS if p.kind not in KINDS else XdpAction.DROP
