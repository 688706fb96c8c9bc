"""The kernel programs: for each frame parse, lists, counters, probes. What is not understood passes."""

from __future__ import annotations

from osmia import (
    Packet,
    TcAction,
    TcContext,
    XdpAction,
    XdpContext,
    be16,
    classifier,
    function,
    ktime_get_ns,
    u32,
    u64,
    xdp,
)
from osmia.monitor.maps import (
    EPHEMERAL_PORTS,
    INTERFACE_SLOTS,
    LISTENERS,
    REPORT_BUDGET,
    REPORT_INTERVAL_NS,
    REPORT_ODD,
    REPORT_TARGETS,
    SEES_ANSWERS,
    SET_CLOCK,
    WINDOW_NS,
    allowed,
    blocked,
    clock,
    connections,
    listeners,
    probe_reports,
    reasons,
    report_budgets,
    rule_hits,
    scan_cells,
    sources,
    totals,
)
from osmia.monitor.parse import parse
from osmia.monitor.probing import accepts, is_refusal, probe_kind, watch_answer, watch_probe
from osmia.monitor.records import (
    CapturedHdr,
    CaptureWay,
    ConnectionCounters,
    ConnectionKey,
    ProbeKind,
    Reason,
    SourceCounters,
)
from osmia.net import IpProtocol, IPv6Address

__all__ = [
    "EPHEMERAL_PORTS",
    "INTERFACE_SLOTS",
    "LISTENERS",
    "REPORT_BUDGET",
    "REPORT_INTERVAL_NS",
    "REPORT_ODD",
    "REPORT_TARGETS",
    "SEES_ANSWERS",
    "SET_CLOCK",
    "WINDOW_NS",
    "allowed",
    "blocked",
    "clock",
    "connections",
    "listeners",
    "monitor_capture",
    "monitor_egress",
    "monitor_ingress",
    "probe_reports",
    "reasons",
    "report_budgets",
    "rule_hits",
    "scan_cells",
    "sources",
    "totals",
]


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


def empty_key() -> ConnectionKey:
    """A key for the parser to fill."""
    return ConnectionKey(
        local_addr=IPv6Address(),
        remote_addr=IPv6Address(),
        local_port=be16(0),
        remote_port=be16(0),
        protocol=IpProtocol.NO_NEXT_HEADER,
    )


def receive(ctx: XdpContext, packet: Packet, length: u64, now: u64) -> u32:
    """A frame as its destination sees it; the rule that drops it, 0 where it passes."""
    key = empty_key()
    parsed = parse(packet, key, False)
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
            return u32(0)
    count_source(key.remote_addr, length, now, rule)
    if rule != 0:
        count_hit(rule, length)
        return rule
    connection = connection_of(key, now)
    fresh = False
    if connection is not None:
        fresh = connection.received_packets + connection.sent_packets == 0
        connection.received_packets += 1
        connection.received_bytes += length
        connection.last_seen = now
        connection.received_flags |= u32(parsed.flags)
    kind = probe_kind(parsed, key, fresh)
    if kind != ProbeKind.NONE:
        watch_probe(ctx, key, kind, now)
    return u32(0)


def count_sent(packet: Packet, interface: u32, packets: u64, length: u64, now: u64) -> None:
    """A frame as its source sees it."""
    key = empty_key()
    parsed = parse(packet, key, True)
    total = totals.lookup(interface & (INTERFACE_SLOTS - 1))
    if total is not None:
        total.sent_packets += packets
        total.sent_bytes += length
    if parsed.reason != Reason.PARSED:
        reasons[parsed.reason] += 1
        if parsed.reason >= Reason.NOT_IP:
            return
    connection = connection_of(key, now)
    if connection is not None:
        first_answer = connection.sent_packets == 0 and connection.received_packets != 0
        if (first_answer or accepts(parsed)) and not is_refusal(parsed):
            watch_answer(key)
        connection.sent_packets += packets
        connection.sent_bytes += length
        connection.last_seen = now
        connection.sent_flags |= u32(parsed.flags)


@xdp
def monitor_ingress(ctx: XdpContext) -> XdpAction:
    """What comes in: counted, watched for probes, and dropped where a rule blocks its source."""
    rule = receive(ctx, ctx.packet(), u64(ctx.length), now_ns())
    return XdpAction.PASS if rule == 0 else XdpAction.DROP


@classifier
def monitor_egress(ctx: TcContext) -> TcAction:
    """What goes out: counted as the frames that a super-packet will be cut into; always passes."""
    packets = u64(ctx.gso_segments)
    if packets == 0:
        packets = u64(1)
    length = u64(ctx.wire_length)
    if length < u64(ctx.length):
        length = u64(ctx.length)
    count_sent(ctx.packet(), ctx.ifindex, packets, length, now_ns())
    return TcAction.NEXT


@function(inline=False)
def sent_by_source(ctx: XdpContext) -> u32:
    """A frame of a capture as its source sent it."""
    packet = ctx.packet()
    captured = packet.read(CapturedHdr)
    if captured is not None and captured.way != CaptureWay.RECEIVED:
        count_sent(packet, ctx.ingress_ifindex, u64(1), u64(captured.length), captured.time)
    return u32(0)


@function(inline=False)
def received_by_destination(ctx: XdpContext) -> u32:
    """The same as its destination received it; the rule that drops it, 0 where it passes."""
    packet = ctx.packet()
    captured = packet.read(CapturedHdr)
    if captured is None or captured.way == CaptureWay.SENT:
        return u32(0)
    return receive(ctx, packet, u64(captured.length), captured.time)


@xdp
def monitor_capture(ctx: XdpContext) -> XdpAction:
    """A frame of a capture, behind a `CapturedHdr`: sent by its source, then received, or one of both."""
    sent_by_source(ctx)
    return XdpAction.PASS if received_by_destination(ctx) == 0 else XdpAction.DROP
