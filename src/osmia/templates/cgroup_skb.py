"""Count what the processes of a control group send, and allow no IPv6."""

import sys
import time

import osmia
from osmia import ArrayMap, CgroupSkbContext, CgroupVerdict, cgroup_skb, u32, u64
from osmia.net import EtherType

ALLOWED, DENIED = u32(0), u32(1)

packets = ArrayMap(u64, max_entries=2)


@cgroup_skb("egress")
def only_ipv4(ctx: CgroupSkbContext) -> CgroupVerdict:
    """Runs for each packet that a socket of the control group sends."""
    if ctx.protocol == EtherType.IPV6:
        packets[DENIED] += 1
        return CgroupVerdict.DENY
    packets[ALLOWED] += 1
    return CgroupVerdict.ALLOW


def main(cgroup: str) -> None:
    """Attach to a folder below /sys/fs/cgroup, and show the counts each second."""
    with osmia.load(only_ipv4) as bpf:
        bpf[only_ipv4].attach(cgroup)
        while True:
            time.sleep(1)
            print(f"{bpf[packets][ALLOWED]} allowed, {bpf[packets][DENIED]} denied")


if __name__ == "__main__":
    main(*sys.argv[1:])
