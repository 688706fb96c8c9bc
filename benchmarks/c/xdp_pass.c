// SPDX-License-Identifier: MIT OR Apache-2.0
// examples/xdp_pass.py in C, without its log line.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int xdp_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
