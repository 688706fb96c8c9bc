"""The kernel programs: for each frame parse, lists, counters, probes. What is not understood passes."""

from __future__ import annotations

from osmia import (
    ArrayMap,
    Constant,
    LpmTrie,
    LruHashMap,
    LruPerCpuHashMap,
    PerCpuArray,
    PerCpuHashMap,
    PerfEventArray,
    TcAction,
    TcContext,
    XdpAction,
    XdpContext,
    be16,
    classifier,
    ktime_get_ns,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.monitor.parse import parse
from osmia.monitor.records import (
    ConnectionCounters,
    ConnectionKey,
    InterfaceCounters,
    ParsedPacket,
    PortSample,
    ProbeCounts,
    ProbeKind,
    Reason,
    RuleHits,
    ScanCell,
    SourceCounters,
    TargetBitmap,
)
from osmia.net import IpProtocol, IPv6Address, TcpFlags

__all__ = [
    "INTERFACE_SLOTS",
    "REPORT_INTERVAL_NS",
    "REPORT_ODD",
    "REPORT_TARGETS",
    "SET_CLOCK",
    "WINDOW_NS",
    "allowed",
    "blocked",
    "clock",
    "connections",
    "monitor_egress",
    "monitor_ingress",
    "probe_reports",
    "reasons",
    "rule_hits",
    "scan_cells",
    "sources",
    "totals",
]

INTERFACE_SLOTS = 256
"""An interface counts in the slot of its index modulo this; the service refuses two that meet there."""

LIST_ENTRIES = 131_072
NO_PREALLOC = 1

CONTROL_FLAGS = u8(0x3F)
ANSWER_FLAGS = u8(TcpFlags.ACK) | TcpFlags.RST
OPENING_FLAGS = u8(TcpFlags.SYN) | TcpFlags.FIN
XMAS_FLAGS = u8(TcpFlags.FIN) | TcpFlags.PSH | TcpFlags.URG
HASH_FACTOR = u32(0x9E3779B1)

SET_CLOCK = Constant(False)
"""Take the time from `clock`, which replay and tests set, instead of the kernel."""
WINDOW_NS = Constant(u64(60_000_000_000))
"""Length of a window of probes."""
REPORT_TARGETS = Constant(u32(8))
"""Distinct (address, port) in a window from which on a source is reported."""
REPORT_ODD = Constant(u32(3))
"""Packets that make no sense in a window from which on a source is reported."""
REPORT_INTERVAL_NS = Constant(u64(1_000_000_000))
"""Shortest time between two reports of one source."""

sources = LruPerCpuHashMap(IPv6Address, SourceCounters, max_entries=16_384)
connections = LruHashMap(ConnectionKey, ConnectionCounters, max_entries=65_536)
totals = PerCpuArray(InterfaceCounters, max_entries=INTERFACE_SLOTS)
reasons = PerCpuArray(u64, max_entries=16)
allowed = LpmTrie(IPv6Address, u32, max_entries=LIST_ENTRIES)
blocked = LpmTrie(IPv6Address, u32, max_entries=LIST_ENTRIES)
rule_hits = PerCpuHashMap(u32, RuleHits, max_entries=LIST_ENTRIES, flags=NO_PREALLOC)
"""A rule has its entry, zeroed by user space, before it is in `blocked`."""
scan_cells = LruHashMap(IPv6Address, ScanCell, max_entries=16_384)
probe_reports = PerfEventArray(ScanCell)
clock = ArrayMap(u64, max_entries=1)


def now_ns() -> u64:
    """The monitor's one clock."""
    if SET_CLOCK.value:
        time = clock.lookup(0)
        return u64(0) if time is None else time.value
    return ktime_get_ns()


def blocking_rule(source: IPv6Address) -> u32:
    """The rule that blocks a source, 0 where it passes. The allow list is asked only where it matters."""
    rule = blocked.lookup(source)
    if rule is None:
        return u32(0)
    if source in allowed:
        return u32(0)
    return rule.value


def count_source(source: IPv6Address, length: u64, now: u64, rule: u32) -> None:
    """Count a frame for its source, and for the rule that drops it."""
    counters = sources.lookup(source)
    if counters is None:
        sources.insert(
            source, SourceCounters(packets=u64(0), bytes=u64(0), blocked_packets=u64(0), last_seen=now)
        )
        counters = sources.lookup(source)
        if counters is None:
            reasons[Reason.SOURCE_REFUSED] += 1
            return
        reasons[Reason.SOURCE_ADDED] += 1
    counters.packets += 1
    counters.bytes += length
    counters.last_seen = now
    if rule != 0:
        counters.blocked_packets += 1


def count_hit(rule: u32, length: u64) -> None:
    """Count a dropped frame for its rule."""
    hits = rule_hits.lookup(rule)
    if hits is not None:
        hits.packets += 1
        hits.bytes += length


def connection_of(key: ConnectionKey, now: u64) -> ConnectionCounters | None:
    """The counters of a connection, made where there are none."""
    connection = connections.lookup(key)
    if connection is not None:
        return connection
    fresh = ConnectionCounters(
        received_packets=u64(0),
        received_bytes=u64(0),
        sent_packets=u64(0),
        sent_bytes=u64(0),
        first_seen=now,
        last_seen=now,
        received_flags=u32(0),
        sent_flags=u32(0),
    )
    if connections.insert(key, fresh):
        reasons[Reason.CONNECTION_ADDED] += 1
    connection = connections.lookup(key)
    if connection is None:
        reasons[Reason.CONNECTION_REFUSED] += 1
    return connection


def probe_kind(parsed: ParsedPacket) -> ProbeKind:
    """What a packet probes with. Replies carry ACK or RST, and are never counted."""
    if parsed.reason == Reason.TINY_FRAGMENT:
        return ProbeKind.TINY_FRAGMENT
    if parsed.reason != Reason.PARSED or parsed.protocol != IpProtocol.TCP:
        return ProbeKind.NONE
    flags = parsed.tcp_flags & CONTROL_FLAGS
    if (flags & ANSWER_FLAGS) != 0:
        return ProbeKind.NONE
    if (flags & OPENING_FLAGS) == TcpFlags.SYN:
        return ProbeKind.SYN
    if flags == TcpFlags.FIN:
        return ProbeKind.FIN
    if flags == 0:
        return ProbeKind.NULL
    return ProbeKind.XMAS if flags == XMAS_FLAGS else ProbeKind.ODD


def target_bit(key: ConnectionKey) -> u32:
    """Where the bitmap keeps (address, port): 8 bits of a multiplicative hash."""
    address = (u32(key.local_addr[2]) ^ u32(key.local_addr[3])) * HASH_FACTOR
    return ((address ^ u32(u16(key.local_port))) * HASH_FACTOR) >> 24


def cell_of(source: IPv6Address, now: u64) -> ScanCell | None:
    """The cell of a source, made where there is none, emptied where its window is over."""
    cell = scan_cells.lookup(source)
    if cell is None:
        scan_cells.insert(
            source,
            ScanCell(
                window_start=now,
                last_seen=now,
                last_report=u64(0),
                targets=TargetBitmap(),
                counts=ProbeCounts(),
                probes=u32(0),
                distinct=u32(0),
                source=source,
                last_target=source,
                ports=PortSample(),
            ),
        )
        cell = scan_cells.lookup(source)
        if cell is None:
            reasons[Reason.CELL_REFUSED] += 1
            return None
    if now - cell.window_start >= WINDOW_NS.value:
        cell.window_start = now
        cell.targets = TargetBitmap()
        cell.counts = ProbeCounts()
        cell.probes = u32(0)
        cell.distinct = u32(0)
    return cell


def watch_probe(ctx: XdpContext, key: ConnectionKey, kind: ProbeKind, now: u64) -> None:
    """Count a probe in its source's cell; report the cell when it passes a low threshold."""
    cell = cell_of(key.remote_addr, now)
    if cell is None:
        return
    cell.counts[kind & 7] += 1
    cell.probes += 1
    cell.last_seen = now
    position = target_bit(key)
    mask = u64(1) << u64(position & 63)
    if (cell.targets[(position >> 6) & 3] & mask) == 0:
        cell.targets[(position >> 6) & 3] |= mask
        # The sample is of new targets: a client's every connection to one port would overwrite it.
        cell.ports[cell.distinct & 7] = key.local_port
        cell.last_target = key.local_addr
        cell.distinct += 1
    odd = cell.probes - cell.counts[1]
    if cell.distinct < REPORT_TARGETS.value and odd < REPORT_ODD.value:
        return
    if cell.last_report != 0 and now - cell.last_report < REPORT_INTERVAL_NS.value:
        return
    if key.remote_addr in allowed:
        return
    cell.last_report = now
    probe_reports.output(ctx, cell)


def empty_key() -> ConnectionKey:
    """A key for the parser to fill."""
    return ConnectionKey(
        local_addr=IPv6Address(),
        remote_addr=IPv6Address(),
        local_port=be16(0),
        remote_port=be16(0),
        protocol=IpProtocol.NO_NEXT_HEADER,
    )


@xdp
def monitor_ingress(ctx: XdpContext) -> XdpAction:
    """What comes in: counted, watched for probes, and dropped where a rule blocks its source."""
    length = u64(ctx.length)
    now = now_ns()
    key = empty_key()
    parsed = parse(ctx.packet(), key, False)
    rule = u32(0)
    if parsed.reason < Reason.NOT_IP:
        rule = blocking_rule(key.remote_addr)
    total = totals.lookup(ctx.ingress_ifindex & (INTERFACE_SLOTS - 1))
    if total is not None:
        total.received_packets += 1
        total.received_bytes += length
        if rule != 0:
            total.dropped_packets += 1
            total.dropped_bytes += length
    if parsed.reason != Reason.PARSED:
        reasons[parsed.reason] += 1
        if parsed.reason >= Reason.NOT_IP:
            return XdpAction.PASS
    count_source(key.remote_addr, length, now, rule)
    if rule != 0:
        count_hit(rule, length)
        return XdpAction.DROP
    connection = connection_of(key, now)
    if connection is not None:
        connection.received_packets += 1
        connection.received_bytes += length
        connection.last_seen = now
        connection.received_flags |= u32(parsed.tcp_flags)
    kind = probe_kind(parsed)
    if kind != ProbeKind.NONE:
        watch_probe(ctx, key, kind, now)
    return XdpAction.PASS


@classifier
def monitor_egress(ctx: TcContext) -> TcAction:
    """What goes out: counted as the frames that a super-packet will be cut into; always passes."""
    packets = u64(ctx.gso_segments)
    if packets == 0:
        packets = u64(1)
    length = u64(ctx.wire_length)
    if length < u64(ctx.length):
        length = u64(ctx.length)
    now = now_ns()
    key = empty_key()
    parsed = parse(ctx.packet(), key, True)
    total = totals.lookup(ctx.ifindex & (INTERFACE_SLOTS - 1))
    if total is not None:
        total.sent_packets += packets
        total.sent_bytes += length
    if parsed.reason != Reason.PARSED:
        reasons[parsed.reason] += 1
        if parsed.reason >= Reason.NOT_IP:
            return TcAction.NEXT
    connection = connection_of(key, now)
    if connection is not None:
        connection.sent_packets += packets
        connection.sent_bytes += length
        connection.last_seen = now
        connection.sent_flags |= u32(parsed.tcp_flags)
    return TcAction.NEXT
