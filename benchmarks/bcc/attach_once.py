"""Attach xdp_counter with bcc: `attach_once.py INTERFACE` prints when that was done, and the peak of memory.

Debian's Python runs it, with python3-bpfcc.
"""

import json
import resource
import sys
import time

from bcc import BPF

SOURCE = """
#include <uapi/linux/if_ether.h>
#include <uapi/linux/ip.h>

BPF_HASH(packet_count, u32, u64, 1024);

int xdp_counter(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    u32 source;

    if ((void *)(ip + 1) > end || eth->h_proto != htons(ETH_P_IP))
        return XDP_PASS;
    source = ip->saddr;
    packet_count.increment(source);
    return XDP_PASS;
}
"""


def main(interface):
    bpf = BPF(text=SOURCE)
    bpf.attach_xdp(interface, bpf.load_func("xdp_counter", BPF.XDP), 0)
    attached = time.monotonic_ns()
    bpf.remove_xdp(interface, 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"attached_ns": attached, "peak_kib": peak, "llvm_peak_kib": 0}))


if __name__ == "__main__":
    main(sys.argv[1])
