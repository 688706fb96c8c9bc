// SPDX-License-Identifier: MIT OR Apache-2.0
// The programs of src/osmia/monitor/kernel.py, parse.py, probing.py and records.py in C: for each frame parse, allow list,
// block list, counters, probes. What the types and steps mean stands there.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define INTERFACE_SLOTS 256
#define LIST_ENTRIES 131072
#define MAXIMUM_VLAN_TAGS 2
#define MAXIMUM_EXTENSION_HEADERS 6
#define HASH_FACTOR 0x9E3779B1u

#define FRAGMENT_OFFSET 0x1FFF
#define MORE_FRAGMENTS 0x2000

#define FLAG_FIN 0x01
#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_PSH 0x08
#define FLAG_ACK 0x10
#define FLAG_URG 0x20
#define FLAGS_CONTROL 0x3F

#define SCTP_INIT 1
#define SCTP_ABORT 6
#define SCTP_COOKIE_ECHO 10
#define CRAFTED_HEADER 24
#define MULTICAST 0xE0000000u
#define TRACEROUTE_PORTS 33434
#define TRACEROUTE_COUNT 100

enum reason {
	PARSED,
	LATER_FRAGMENT,
	TINY_FRAGMENT,
	SHORT_TRANSPORT,
	EXTENSION_HEADERS,
	NOT_IP,
	VLAN_TAGS,
	TRUNCATED,
	MALFORMED_IP,
	SOURCE_ADDED,
	SOURCE_REFUSED,
	CONNECTION_ADDED,
	CONNECTION_REFUSED,
	CELL_REFUSED,
	REPORT_HELD,
};

enum probe_kind {
	PROBE_NONE,
	PROBE_SYN,
	PROBE_FIN,
	PROBE_NULL,
	PROBE_XMAS,
	PROBE_ODD,
	PROBE_TINY_FRAGMENT,
	PROBE_CONNECT,
	PROBE_ACK,
	PROBE_MAIMON,
	PROBE_UDP,
	PROBE_SCTP,
	PROBE_PROTOCOL,
};

struct vlan_header {
	__be16 control;
	__be16 ether_type;
};

struct fragment_header {
	__u8 next_header;
	__u8 reserved;
	__be16 offset_flags;
	__be32 identification;
};

struct sctp_header {
	__be16 source;
	__be16 dest;
	__be32 verification_tag;
	__be32 checksum;
	__u8 chunk_type;
	__u8 chunk_flags;
	__be16 chunk_length;
};

struct connection_key {
	struct in6_addr local_addr;
	struct in6_addr remote_addr;
	__be16 local_port;
	__be16 remote_port;
	__u8 protocol;
};

struct connection_counters {
	__u64 received_packets;
	__u64 received_bytes;
	__u64 sent_packets;
	__u64 sent_bytes;
	__u64 first_seen;
	__u64 last_seen;
	__u32 received_flags;
	__u32 sent_flags;
};

struct source_counters {
	__u64 packets;
	__u64 bytes;
	__u64 blocked_packets;
	__u64 last_seen;
};

struct interface_counters {
	__u64 received_packets;
	__u64 received_bytes;
	__u64 dropped_packets;
	__u64 dropped_bytes;
	__u64 sent_packets;
	__u64 sent_bytes;
};

struct rule_counters {
	__u64 packets;
	__u64 bytes;
};

struct endpoint {
	struct in6_addr address;
	__be16 port;
	__u8 protocol;
};

struct report_budget {
	__u64 since;
	__u64 used;
};

struct scan_cell {
	__u64 window_start;
	__u64 last_seen;
	__u64 last_report;
	__u64 targets[4];
	__u64 answered[4];
	__u64 addresses;
	__u64 numbers;
	__u32 counts[16];
	__u32 probes;
	__u32 odd;
	__u32 distinct;
	__u32 answers;
	struct in6_addr source;
	struct in6_addr last_target;
	__be16 ports[8];
};

struct prefix {
	__u32 length;
	struct in6_addr address;
};

// What parsing carries along: where it stands in the frame, and what was found.
struct packet {
	void *position;
	void *end;
	bool outbound;
	bool more_fragments;
	__u8 protocol;
	__u8 flags;
	__u8 header_length;
	__u32 payload_length;
};

const volatile bool SET_CLOCK = false;
const volatile __u64 WINDOW_NS = 60000000000ull;
const volatile __u32 REPORT_TARGETS = 8;
const volatile __u32 REPORT_ODD = 3;
const volatile __u64 REPORT_INTERVAL_NS = 1000000000ull;
const volatile __u64 REPORT_BUDGET = 128;
const volatile bool SEES_ANSWERS = true;
const volatile __u16 EPHEMERAL_PORTS = 32768;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct in6_addr);
	__type(value, struct source_counters);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct connection_key);
	__type(value, struct connection_counters);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, INTERFACE_SLOTS);
	__type(key, __u32);
	__type(value, struct interface_counters);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} reasons SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, LIST_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u32);
} allowed SEC(".maps"), blocked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, LIST_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct rule_counters);
} rule_hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct in6_addr);
	__type(value, struct scan_cell);
} scan_cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct endpoint);
	__type(value, __u8);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct report_budget);
} report_budgets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} probe_reports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} clock SEC(".maps");

// Whether the frame has `size` more bytes; then the position is behind them.
static __always_inline bool advance(struct packet *packet, __u32 size)
{
	if (packet->position + size > packet->end)
		return false;
	packet->position += size;
	return true;
}

static __always_inline struct in6_addr v4_mapped(__be32 address)
{
	return (struct in6_addr){ .s6_addr32 = { 0, 0, bpf_htonl(0xFFFF), address } };
}

static __always_inline enum reason parse_ipv4(struct packet *packet, struct connection_key *key)
{
	const struct iphdr *ip = packet->position;
	__u32 header_length, total_length;

	if (!advance(packet, sizeof(*ip)))
		return TRUNCATED;
	header_length = ip->ihl * 4;
	total_length = bpf_ntohs(ip->tot_len);
	packet->protocol = ip->protocol;
	if (ip->version != 4 || header_length < sizeof(*ip) || total_length < header_length)
		return MALFORMED_IP;
	key->local_addr = v4_mapped(packet->outbound ? ip->saddr : ip->daddr);
	key->remote_addr = v4_mapped(packet->outbound ? ip->daddr : ip->saddr);
	key->protocol = ip->protocol;
	if (ip->frag_off & bpf_htons(FRAGMENT_OFFSET))
		return LATER_FRAGMENT;
	packet->position += header_length - sizeof(*ip);
	packet->payload_length = total_length - header_length;
	packet->more_fragments = ip->frag_off & bpf_htons(MORE_FRAGMENTS);
	return PARSED;
}

static __always_inline bool is_extension(__u8 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_AH;
}

static __always_inline enum reason parse_ipv6(struct packet *packet, struct connection_key *key)
{
	const struct ipv6hdr *ip = packet->position;
	__u32 length, size;
	__u8 protocol;

	if (!advance(packet, sizeof(*ip)))
		return TRUNCATED;
	packet->protocol = ip->nexthdr;
	if (ip->version != 6)
		return MALFORMED_IP;
	key->local_addr = packet->outbound ? ip->saddr : ip->daddr;
	key->remote_addr = packet->outbound ? ip->daddr : ip->saddr;
	protocol = ip->nexthdr;
	length = bpf_ntohs(ip->payload_len);
	for (int i = 0; i < MAXIMUM_EXTENSION_HEADERS; i++) {
		if (protocol == IPPROTO_FRAGMENT) {
			const struct fragment_header *fragment = packet->position;

			if (!advance(packet, sizeof(*fragment)) || length < sizeof(*fragment))
				return EXTENSION_HEADERS;
			protocol = fragment->next_header;
			length -= sizeof(*fragment);
			packet->more_fragments = fragment->offset_flags & bpf_htons(1);
			if (fragment->offset_flags & bpf_htons(0xFFF8)) {
				key->protocol = protocol;
				return LATER_FRAGMENT;
			}
		} else if (is_extension(protocol)) {
			const struct ipv6_opt_hdr *extension = packet->position;

			if (!advance(packet, sizeof(*extension)))
				return EXTENSION_HEADERS;
			if (protocol == IPPROTO_AH)
				size = (extension->hdrlen + 2) << 2;
			else
				size = (extension->hdrlen + 1) << 3;
			if (length < size)
				return EXTENSION_HEADERS;
			packet->position += size - sizeof(*extension);
			protocol = extension->nexthdr;
			length -= size;
		} else {
			break;
		}
	}
	key->protocol = protocol;
	if (protocol == IPPROTO_FRAGMENT || is_extension(protocol))
		return EXTENSION_HEADERS;
	packet->payload_length = length;
	packet->protocol = protocol;
	return PARSED;
}

static __always_inline void set_ports(struct connection_key *key, __be16 source, __be16 destination, bool outbound)
{
	key->local_port = outbound ? source : destination;
	key->remote_port = outbound ? destination : source;
}

static __always_inline enum reason parse_transport(struct packet *packet, struct connection_key *key)
{
	const struct udphdr *ports = packet->position;

	if (packet->protocol == IPPROTO_TCP && packet->payload_length >= sizeof(struct tcphdr)) {
		const struct tcphdr *tcp = packet->position;

		if (!advance(packet, sizeof(*tcp)))
			return SHORT_TRANSPORT;
		set_ports(key, tcp->source, tcp->dest, packet->outbound);
		packet->flags = ((const __u8 *)tcp)[13];
		packet->header_length = tcp->doff * 4;
		return PARSED;
	}
	if (packet->protocol == IPPROTO_SCTP && packet->payload_length >= sizeof(struct sctp_header)) {
		const struct sctp_header *sctp = packet->position;

		if (!advance(packet, sizeof(*sctp)))
			return SHORT_TRANSPORT;
		set_ports(key, sctp->source, sctp->dest, packet->outbound);
		packet->flags = sctp->chunk_type;
		return PARSED;
	}
	if (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP)
		return PARSED;
	if (packet->payload_length < sizeof(*ports))
		return SHORT_TRANSPORT;
	if (!advance(packet, sizeof(*ports)))
		return SHORT_TRANSPORT;
	set_ports(key, ports->source, ports->dest, packet->outbound);
	if (packet->protocol == IPPROTO_UDP)
		return PARSED;
	return packet->more_fragments ? TINY_FRAGMENT : SHORT_TRANSPORT;
}

static __always_inline bool is_vlan(__be16 ether_type)
{
	return ether_type == bpf_htons(ETH_P_8021Q) || ether_type == bpf_htons(ETH_P_8021AD);
}

static __always_inline enum reason parse(struct packet *packet, struct connection_key *key)
{
	const struct ethhdr *eth = packet->position;
	enum reason reason;
	__be16 ether_type;

	if (!advance(packet, sizeof(*eth)))
		return TRUNCATED;
	ether_type = eth->h_proto;
	for (int i = 0; i < MAXIMUM_VLAN_TAGS && is_vlan(ether_type); i++) {
		const struct vlan_header *tag = packet->position;

		if (!advance(packet, sizeof(*tag)))
			return TRUNCATED;
		ether_type = tag->ether_type;
	}
	if (ether_type == bpf_htons(ETH_P_IP))
		reason = parse_ipv4(packet, key);
	else if (ether_type == bpf_htons(ETH_P_IPV6))
		reason = parse_ipv6(packet, key);
	else
		return is_vlan(ether_type) ? VLAN_TAGS : NOT_IP;
	return reason == PARSED ? parse_transport(packet, key) : reason;
}

static __always_inline void count_reason(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&reasons, &reason);

	if (count)
		*count += 1;
}

static __always_inline __u64 now_ns(void)
{
	__u32 zero = 0;
	__u64 *time;

	if (!SET_CLOCK)
		return bpf_ktime_get_ns();
	time = bpf_map_lookup_elem(&clock, &zero);
	return time ? *time : 0;
}

static __always_inline __u32 blocking_rule(const struct in6_addr *source)
{
	struct prefix prefix = { .length = 128, .address = *source };
	__u32 *rule = bpf_map_lookup_elem(&blocked, &prefix);

	if (!rule || bpf_map_lookup_elem(&allowed, &prefix))
		return 0;
	return *rule;
}

static __always_inline bool is_allowed(const struct in6_addr *source)
{
	struct prefix prefix = { .length = 128, .address = *source };

	return bpf_map_lookup_elem(&allowed, &prefix);
}

static __always_inline void count_source(const struct in6_addr *source, __u64 length, __u64 now, __u32 rule)
{
	struct source_counters *counters = bpf_map_lookup_elem(&sources, source);

	if (!counters) {
		struct source_counters fresh = { .last_seen = now };

		bpf_map_update_elem(&sources, source, &fresh, BPF_NOEXIST);
		counters = bpf_map_lookup_elem(&sources, source);
		if (!counters) {
			count_reason(SOURCE_REFUSED);
			return;
		}
		count_reason(SOURCE_ADDED);
	}
	counters->packets += 1;
	counters->bytes += length;
	counters->last_seen = now;
	if (rule)
		counters->blocked_packets += 1;
}

static __always_inline void count_hit(__u32 rule, __u64 length)
{
	struct rule_counters *hits = bpf_map_lookup_elem(&rule_hits, &rule);

	if (hits) {
		hits->packets += 1;
		hits->bytes += length;
	}
}

static __always_inline struct connection_counters *connection_of(const struct connection_key *key, __u64 now)
{
	struct connection_counters *connection = bpf_map_lookup_elem(&connections, key);

	if (!connection) {
		struct connection_counters fresh = { .first_seen = now, .last_seen = now };

		if (!bpf_map_update_elem(&connections, key, &fresh, BPF_NOEXIST))
			count_reason(CONNECTION_ADDED);
		connection = bpf_map_lookup_elem(&connections, key);
		if (!connection)
			count_reason(CONNECTION_REFUSED);
	}
	return connection;
}

static __always_inline bool is_multicast(const struct in6_addr *address)
{
	const __be32 *words = address->s6_addr32;

	if (address->s6_addr[0] == 0xFF)
		return true;
	return words[2] == bpf_htonl(0xFFFF) && bpf_ntohl(words[3]) >= MULTICAST && words[0] == 0;
}

static __always_inline enum probe_kind tcp_probe_kind(const struct packet *packet, const struct connection_key *key,
						      bool fresh)
{
	__u8 flags = packet->flags & FLAGS_CONTROL;

	if (flags & FLAG_RST)
		return PROBE_NONE;
	if (flags & FLAG_ACK) {
		if (!fresh || !SEES_ANSWERS || bpf_ntohs(key->local_port) >= EPHEMERAL_PORTS)
			return PROBE_NONE;
		if (flags == FLAG_ACK)
			return PROBE_ACK;
		return flags == (FLAG_FIN | FLAG_ACK) ? PROBE_MAIMON : PROBE_NONE;
	}
	if ((flags & (FLAG_SYN | FLAG_FIN)) == FLAG_SYN)
		return packet->header_length <= CRAFTED_HEADER ? PROBE_SYN : PROBE_CONNECT;
	if (flags == FLAG_FIN)
		return PROBE_FIN;
	if (flags == 0)
		return PROBE_NULL;
	return flags == (FLAG_FIN | FLAG_PSH | FLAG_URG) ? PROBE_XMAS : PROBE_ODD;
}

static __always_inline enum probe_kind probe_kind(enum reason reason, const struct packet *packet,
						  const struct connection_key *key, bool fresh)
{
	if (reason == TINY_FRAGMENT)
		return PROBE_TINY_FRAGMENT;
	if (reason != PARSED)
		return PROBE_NONE;
	if (packet->protocol == IPPROTO_TCP)
		return tcp_probe_kind(packet, key, fresh);
	if (!fresh || !SEES_ANSWERS || is_multicast(&key->local_addr))
		return PROBE_NONE;
	if (packet->protocol == IPPROTO_UDP) {
		__u16 offset = bpf_ntohs(key->local_port) - TRACEROUTE_PORTS;

		return offset < TRACEROUTE_COUNT ? PROBE_NONE : PROBE_UDP;
	}
	if (packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6)
		return PROBE_NONE;
	if (packet->protocol != IPPROTO_SCTP)
		return PROBE_PROTOCOL;
	return packet->flags == SCTP_INIT || packet->flags == SCTP_COOKIE_ECHO ? PROBE_SCTP : PROBE_NONE;
}

static __always_inline bool is_refusal(const struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP)
		return packet->flags & FLAG_RST;
	return packet->protocol == IPPROTO_SCTP && packet->flags == SCTP_ABORT;
}

static __always_inline bool accepts(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP && (packet->flags & (FLAG_SYN | FLAG_ACK)) == (FLAG_SYN | FLAG_ACK);
}

static __always_inline __u32 address_hash(const struct in6_addr *address)
{
	return (bpf_ntohl(address->s6_addr32[2]) ^ bpf_ntohl(address->s6_addr32[3])) * HASH_FACTOR;
}

static __always_inline __u32 target_hash(const struct in6_addr *address, __u16 port)
{
	return (address_hash(address) ^ port) * HASH_FACTOR;
}

static __always_inline struct scan_cell *cell_of(const struct in6_addr *source, __u64 now)
{
	struct scan_cell *cell = bpf_map_lookup_elem(&scan_cells, source);

	if (!cell) {
		struct scan_cell fresh = {
			.window_start = now,
			.last_seen = now,
			.source = *source,
			.last_target = *source,
		};

		bpf_map_update_elem(&scan_cells, source, &fresh, BPF_NOEXIST);
		cell = bpf_map_lookup_elem(&scan_cells, source);
		if (!cell) {
			count_reason(CELL_REFUSED);
			return NULL;
		}
	}
	if (now - cell->window_start >= WINDOW_NS) {
		cell->window_start = now;
		__builtin_memset(cell->targets, 0, sizeof(cell->targets));
		__builtin_memset(cell->answered, 0, sizeof(cell->answered));
		cell->addresses = 0;
		cell->numbers = 0;
		__builtin_memset(cell->counts, 0, sizeof(cell->counts));
		cell->probes = 0;
		cell->odd = 0;
		cell->distinct = 0;
		cell->answers = 0;
	}
	return cell;
}

static __always_inline bool is_opening(enum probe_kind kind)
{
	return kind == PROBE_SYN || kind == PROBE_CONNECT || kind == PROBE_UDP || kind == PROBE_SCTP;
}

static __always_inline bool is_listening(const struct connection_key *key)
{
	struct endpoint endpoint = {
		.address = key->local_addr,
		.port = key->local_port,
		.protocol = key->protocol,
	};

	return bpf_map_lookup_elem(&listeners, &endpoint);
}

static __always_inline bool may_report(__u64 now)
{
	__u32 zero = 0;
	struct report_budget *budget = bpf_map_lookup_elem(&report_budgets, &zero);

	if (!budget)
		return false;
	if (now - budget->since >= REPORT_INTERVAL_NS) {
		budget->since = now;
		budget->used = 0;
	}
	if (budget->used >= REPORT_BUDGET) {
		count_reason(REPORT_HELD);
		return false;
	}
	budget->used += 1;
	return true;
}

static __always_inline void watch_probe(struct xdp_md *ctx, const struct connection_key *key, enum probe_kind kind,
					__u64 now)
{
	__u16 port = kind == PROBE_PROTOCOL ? key->protocol : bpf_ntohs(key->local_port);
	bool welcome = is_opening(kind) && is_listening(key);
	struct scan_cell *cell;
	__u64 *word, mask;
	__u32 hashed;

	if (welcome && !bpf_map_lookup_elem(&scan_cells, &key->remote_addr))
		return;
	cell = cell_of(&key->remote_addr, now);
	if (!cell)
		return;
	hashed = target_hash(&key->local_addr, port);
	word = &cell->targets[hashed >> 30];
	mask = 1ull << ((hashed >> 24) & 63);
	if (is_opening(kind) && (cell->answered[hashed >> 30] & mask))
		return;
	__sync_fetch_and_add(&cell->counts[kind & 15], 1);
	__sync_fetch_and_add(&cell->probes, 1);
	cell->last_seen = now;
	if (kind >= PROBE_FIN && kind <= PROBE_TINY_FRAGMENT)
		__sync_fetch_and_add(&cell->odd, 1);
	if (!(*word & mask)) {
		*word |= mask;
		cell->addresses |= 1ull << (address_hash(&key->local_addr) >> 26);
		cell->numbers |= 1ull << ((port * HASH_FACTOR) >> 26);
		cell->ports[cell->distinct & 7] = bpf_htons(port);
		cell->last_target = key->local_addr;
		__sync_fetch_and_add(&cell->distinct, 1);
		if (welcome) {
			cell->answered[hashed >> 30] |= mask;
			__sync_fetch_and_add(&cell->answers, 1);
		}
	}
	if (cell->distinct - cell->answers < REPORT_TARGETS && cell->odd < REPORT_ODD)
		return;
	if (cell->last_report && now - cell->last_report < REPORT_INTERVAL_NS)
		return;
	if (is_allowed(&key->remote_addr) || !may_report(now))
		return;
	cell->last_report = now;
	bpf_perf_event_output(ctx, &probe_reports, BPF_F_CURRENT_CPU, cell, sizeof(*cell));
}

static __always_inline void watch_answer(const struct connection_key *key)
{
	__u16 port = key->local_port ? bpf_ntohs(key->local_port) : key->protocol;
	struct scan_cell *cell = bpf_map_lookup_elem(&scan_cells, &key->remote_addr);
	__u32 hashed;
	__u64 mask;

	if (!cell)
		return;
	hashed = target_hash(&key->local_addr, port);
	mask = 1ull << ((hashed >> 24) & 63);
	if (!(cell->targets[hashed >> 30] & mask))
		return;
	if (!(cell->answered[hashed >> 30] & mask)) {
		cell->answered[hashed >> 30] |= mask;
		__sync_fetch_and_add(&cell->answers, 1);
	}
}

SEC("xdp")
int monitor_ingress(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct packet packet = { .position = data, .end = data_end, .protocol = IPPROTO_NONE };
	struct connection_key key = { .protocol = IPPROTO_NONE };
	__u32 slot = ctx->ingress_ifindex & (INTERFACE_SLOTS - 1), rule = 0;
	__u64 length = data_end - data, now = now_ns();
	struct connection_counters *connection;
	struct interface_counters *total;
	enum probe_kind kind;
	enum reason reason;
	bool fresh = false;

	reason = parse(&packet, &key);
	if (reason < NOT_IP)
		rule = blocking_rule(&key.remote_addr);
	total = bpf_map_lookup_elem(&totals, &slot);
	if (total) {
		total->received_packets += 1;
		total->received_bytes += length;
		if (rule) {
			total->dropped_packets += 1;
			total->dropped_bytes += length;
		}
	}
	if (reason != PARSED) {
		count_reason(reason);
		if (reason >= NOT_IP)
			return XDP_PASS;
	}
	count_source(&key.remote_addr, length, now, rule);
	if (rule) {
		count_hit(rule, length);
		return XDP_DROP;
	}
	connection = connection_of(&key, now);
	if (connection) {
		fresh = connection->received_packets + connection->sent_packets == 0;
		__sync_fetch_and_add(&connection->received_packets, 1);
		__sync_fetch_and_add(&connection->received_bytes, length);
		connection->last_seen = now;
		connection->received_flags |= packet.flags;
	}
	kind = probe_kind(reason, &packet, &key, fresh);
	if (kind != PROBE_NONE)
		watch_probe(ctx, &key, kind, now);
	return XDP_PASS;
}

SEC("tc")
int monitor_egress(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct packet packet = { .position = data, .end = data_end, .outbound = true, .protocol = IPPROTO_NONE };
	struct connection_key key = { .protocol = IPPROTO_NONE };
	__u32 slot = skb->ifindex & (INTERFACE_SLOTS - 1);
	__u64 packets = skb->gso_segs ? skb->gso_segs : 1;
	__u64 length = skb->wire_len > skb->len ? skb->wire_len : skb->len;
	struct connection_counters *connection;
	struct interface_counters *total;
	enum reason reason;
	__u64 now;

	now = now_ns();
	reason = parse(&packet, &key);
	total = bpf_map_lookup_elem(&totals, &slot);
	if (total) {
		total->sent_packets += packets;
		total->sent_bytes += length;
	}
	if (reason != PARSED) {
		count_reason(reason);
		if (reason >= NOT_IP)
			return TC_ACT_UNSPEC;
	}
	connection = connection_of(&key, now);
	if (connection) {
		bool first_answer = connection->sent_packets == 0 && connection->received_packets != 0;

		if ((first_answer || accepts(&packet)) && !is_refusal(&packet))
			watch_answer(&key);
		__sync_fetch_and_add(&connection->sent_packets, packets);
		__sync_fetch_and_add(&connection->sent_bytes, length);
		connection->last_seen = now;
		connection->sent_flags |= packet.flags;
	}
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
