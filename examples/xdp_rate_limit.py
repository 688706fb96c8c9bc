"""Let each IPv4 source send so many packets a second, with a burst; drop what is more.

    python examples/xdp_rate_limit.py eth0 1000 100

A token bucket for each source: it fills at the rate, holds at most the burst, and a packet takes one token.
Linux 5.10.
"""

import sys
import time
from contextlib import suppress

import osmia
from osmia import Constant, HashMap, SpinLock, XdpAction, XdpContext, ktime_get_ns, struct, u64, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr


@struct
class TokenBucket:
    """How much a source may still send."""

    tokens: u64
    """in nanoseconds: a packet takes the time in which one token comes in, so that no fraction is lost"""
    filled: u64
    """when, in ns since boot"""
    dropped: u64
    lock: SpinLock = SpinLock()


buckets = HashMap(IPv4Address, TokenBucket, max_entries=65536)
interval = Constant(u64(1_000_000))
"""ns for one token"""
burst = Constant(u64(100))
"""packets that may come at once"""


def take(bucket: TokenBucket, now: u64) -> bool:
    """Fill the bucket up to now, and take one token if it is there."""
    with bucket.lock:
        if now > bucket.filled:
            bucket.tokens = min(bucket.tokens + (now - bucket.filled), burst.value * interval.value)
            bucket.filled = now
        if bucket.tokens < interval.value:
            bucket.dropped += 1
            return False
        bucket.tokens -= interval.value
    return True


@xdp
def rate_limit(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None:
        return XdpAction.PASS
    now = ktime_get_ns()
    full = TokenBucket(tokens=burst.value * interval.value, filled=now, dropped=u64(0))
    buckets.insert(ip.src_addr, full)
    bucket = buckets.lookup(ip.src_addr)
    # Where there is no room for another source, it is not limited.
    if bucket is None or take(bucket, now):
        return XdpAction.PASS
    return XdpAction.DROP


def main(interface: str, rate: str, most: str) -> None:
    constants = {interval: u64(1_000_000_000 // int(rate)), burst: u64(int(most))}
    with osmia.load(rate_limit, constants=constants) as bpf:
        bpf[rate_limit].attach(interface)
        while True:
            time.sleep(1)
            for source, bucket in bpf[buckets].items():
                if bucket.dropped:
                    print(f"{source}: {bucket.dropped} packets dropped")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
