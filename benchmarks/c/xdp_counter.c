// SPDX-License-Identifier: MIT OR Apache-2.0
// examples/xdp_counter.py in C, without its log line: packets per IPv4 source address.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __be32);
	__type(value, __u64);
} packet_count SEC(".maps");

// `packet_count[key] += 1`: race free, and counts the first packet of an unknown key.
static __always_inline void count_packet(const __be32 *key)
{
	const __u64 one = 1;
	__u64 *count = bpf_map_lookup_elem(&packet_count, key);

	if (!count) {
		if (!bpf_map_update_elem(&packet_count, key, &one, BPF_NOEXIST))
			return;
		// Another CPU was first, or the map is full.
		count = bpf_map_lookup_elem(&packet_count, key);
		if (!count)
			return;
	}
	__sync_fetch_and_add(count, 1);
}

SEC("xdp")
int xdp_counter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct iphdr *ip = (const void *)(eth + 1);
	__be32 source;

	if ((const void *)(eth + 1) > data_end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((const void *)(ip + 1) > data_end)
		return XDP_PASS;
	source = ip->saddr;
	count_packet(&source);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
