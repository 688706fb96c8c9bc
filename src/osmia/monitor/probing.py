"""Kernel functions that tell probes from ordinary packets, and count them for their source."""

from __future__ import annotations

from osmia import XdpContext, be16, u8, u16, u32, u64
from osmia.monitor.maps import (
    EPHEMERAL_PORTS,
    REPORT_BUDGET,
    REPORT_INTERVAL_NS,
    REPORT_ODD,
    REPORT_TARGETS,
    SEES_ANSWERS,
    WINDOW_NS,
    allowed,
    listeners,
    probe_reports,
    reasons,
    report_budgets,
    scan_cells,
)
from osmia.monitor.records import (
    ConnectionKey,
    Endpoint,
    ParsedPacket,
    PortSample,
    ProbeCounts,
    ProbeKind,
    Reason,
    ScanCell,
    TargetBitmap,
)
from osmia.net import IpProtocol, IPv6Address, TcpFlags

__all__ = ["accepts", "is_refusal", "probe_kind", "watch_answer", "watch_probe"]

CONTROL_FLAGS = u8(0x3F)
OPENING_FLAGS = u8(TcpFlags.SYN) | TcpFlags.FIN
ACCEPTING_FLAGS = u8(TcpFlags.SYN) | TcpFlags.ACK
XMAS_FLAGS = u8(TcpFlags.FIN) | TcpFlags.PSH | TcpFlags.URG
MAIMON_FLAGS = u8(TcpFlags.FIN) | TcpFlags.ACK
HASH_FACTOR = u32(0x9E3779B1)
SCTP_INIT, SCTP_ABORT, SCTP_COOKIE_ECHO = u8(1), u8(6), u8(10)
CRAFTED_HEADER = u8(24)
"""A SYN of an operating system has more options than the one of a scanner that makes its own."""
MULTICAST = u32(0xE0000000)
"""IPv4 addresses from here on are no single machine's."""
TRACEROUTE_PORTS, TRACEROUTE_COUNT = u16(33_434), u16(100)


def probe_kind(parsed: ParsedPacket, key: ConnectionKey, fresh: bool) -> ProbeKind:
    """What a packet probes with; `fresh` says that it is the first one of its connection, either way.

    A reply is never a probe: it carries RST or SYN and ACK, or belongs to a connection.
    """
    if parsed.reason == Reason.TINY_FRAGMENT:
        return ProbeKind.TINY_FRAGMENT
    if parsed.reason != Reason.PARSED:
        return ProbeKind.NONE
    if parsed.protocol == IpProtocol.TCP:
        return tcp_probe_kind(parsed, key, fresh)
    if not fresh or not SEES_ANSWERS.value or is_multicast(key.local_addr):
        return ProbeKind.NONE
    if parsed.protocol == IpProtocol.UDP:
        traced = u16(key.local_port) - TRACEROUTE_PORTS < TRACEROUTE_COUNT
        return ProbeKind.NONE if traced else ProbeKind.UDP
    if parsed.protocol == IpProtocol.ICMP or parsed.protocol == IpProtocol.ICMPV6:
        return ProbeKind.NONE
    if parsed.protocol != IpProtocol.SCTP:
        return ProbeKind.PROTOCOL
    opens = parsed.flags == SCTP_INIT or parsed.flags == SCTP_COOKIE_ECHO
    return ProbeKind.SCTP if opens else ProbeKind.NONE


def tcp_probe_kind(parsed: ParsedPacket, key: ConnectionKey, fresh: bool) -> ProbeKind:
    """An opening, a packet that makes no sense, or an ACK to where no connection is."""
    flags = parsed.flags & CONTROL_FLAGS
    if (flags & TcpFlags.RST) != 0:
        return ProbeKind.NONE
    if (flags & TcpFlags.ACK) != 0:
        if not fresh or not SEES_ANSWERS.value or u16(key.local_port) >= EPHEMERAL_PORTS.value:
            return ProbeKind.NONE
        if flags == TcpFlags.ACK:
            return ProbeKind.ACK
        return ProbeKind.MAIMON if flags == MAIMON_FLAGS else ProbeKind.NONE
    if (flags & OPENING_FLAGS) == TcpFlags.SYN:
        return ProbeKind.SYN if parsed.header_length <= CRAFTED_HEADER else ProbeKind.CONNECT
    if flags == TcpFlags.FIN:
        return ProbeKind.FIN
    if flags == 0:
        return ProbeKind.NULL
    return ProbeKind.XMAS if flags == XMAS_FLAGS else ProbeKind.ODD


def is_multicast(address: IPv6Address) -> bool:
    """Whether an address, in mapped form, is of a group, or IPv4's broadcast."""
    if (u32(address[0]) >> 24) == 0xFF:
        return True
    return u32(address[2]) == 0xFFFF and u32(address[3]) >= MULTICAST and u32(address[0]) == 0


def is_refusal(parsed: ParsedPacket) -> bool:
    """Whether an answer says that nobody listens."""
    if parsed.protocol == IpProtocol.TCP:
        return (parsed.flags & TcpFlags.RST) != 0
    return parsed.protocol == IpProtocol.SCTP and parsed.flags == SCTP_ABORT


def accepts(parsed: ParsedPacket) -> bool:
    """Whether this is the second packet of a TCP handshake; an old connection may have had the same ends."""
    return parsed.protocol == IpProtocol.TCP and (parsed.flags & ACCEPTING_FLAGS) == ACCEPTING_FLAGS


def target_hash(address: IPv6Address, port: u16) -> u32:
    """A multiplicative hash of (address, port), its upper bits the best."""
    return (address_hash(address) ^ u32(port)) * HASH_FACTOR


def address_hash(address: IPv6Address) -> u32:
    """The same of the address alone."""
    return (u32(address[2]) ^ u32(address[3])) * HASH_FACTOR


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
                answered=TargetBitmap(),
                addresses=u64(0),
                numbers=u64(0),
                counts=ProbeCounts(),
                probes=u32(0),
                odd=u32(0),
                distinct=u32(0),
                answers=u32(0),
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
        cell.answered = TargetBitmap()
        cell.addresses = u64(0)
        cell.numbers = u64(0)
        cell.counts = ProbeCounts()
        cell.probes = u32(0)
        cell.odd = u32(0)
        cell.distinct = u32(0)
        cell.answers = u32(0)
    return cell


def watch_probe(ctx: XdpContext, key: ConnectionKey, kind: ProbeKind, now: u64) -> None:
    """Count a probe in its source's cell; report the cell when it passes a low threshold."""
    port = u16(key.local_port)
    if kind == ProbeKind.PROTOCOL:
        port = u16(key.protocol)
    welcome = is_opening(kind) and is_listening(key)
    # Only who asked where nobody listens has a cell: from then on a good connection counts in his favour.
    if welcome and scan_cells.lookup(key.remote_addr) is None:
        return
    cell = cell_of(key.remote_addr, now)
    if cell is None:
        return
    hashed = target_hash(key.local_addr, port)
    mask = u64(1) << u64((hashed >> 24) & 63)
    # Who goes on using what has answered does not probe.
    if is_opening(kind) and (cell.answered[hashed >> 30] & mask) != 0:
        return
    cell.counts[kind & 15] += 1
    cell.probes += 1
    cell.last_seen = now
    if is_odd(kind):
        cell.odd += 1
    if (cell.targets[hashed >> 30] & mask) == 0:
        cell.targets[hashed >> 30] |= mask
        cell.addresses |= u64(1) << u64(address_hash(key.local_addr) >> 26)
        cell.numbers |= u64(1) << u64((u32(port) * HASH_FACTOR) >> 26)
        # The sample is of new targets: a client's every connection to one port would overwrite it.
        cell.ports[cell.distinct & 7] = be16(port)
        cell.last_target = key.local_addr
        cell.distinct += 1
        if welcome:
            cell.answered[hashed >> 30] |= mask
            cell.answers += 1
    if cell.distinct - cell.answers < REPORT_TARGETS.value and cell.odd < REPORT_ODD.value:
        return
    if cell.last_report != 0 and now - cell.last_report < REPORT_INTERVAL_NS.value:
        return
    if key.remote_addr in allowed or not may_report(now):
        return
    cell.last_report = now
    probe_reports.output(ctx, cell)


def is_opening(kind: ProbeKind) -> bool:
    """Whether this is how connections begin."""
    if kind == ProbeKind.UDP or kind == ProbeKind.SCTP:
        return True
    return kind == ProbeKind.SYN or kind == ProbeKind.CONNECT


def is_listening(key: ConnectionKey) -> bool:
    """Whether a program of this machine listens at the local end."""
    return Endpoint(address=key.local_addr, port=key.local_port, protocol=key.protocol) in listeners


def is_odd(kind: ProbeKind) -> bool:
    """Whether such packets make no sense by themselves."""
    return u32(kind) - u32(ProbeKind.FIN) <= u32(ProbeKind.TINY_FRAGMENT) - u32(ProbeKind.FIN)


def may_report(now: u64) -> bool:
    """Whether this processor may report now: a flood of sources must not fill the perf buffer."""
    budget = report_budgets.lookup(0)
    if budget is None:
        return False
    if now - budget.since >= REPORT_INTERVAL_NS.value:
        budget.since = now
        budget.used = u64(0)
    if budget.used >= REPORT_BUDGET.value:
        reasons[Reason.REPORT_HELD] += 1
        return False
    budget.used += 1
    return True


def watch_answer(key: ConnectionKey) -> None:
    """Note that this target answered its prober: it is no closed one."""
    cell = scan_cells.lookup(key.remote_addr)
    if cell is None:
        return
    port = u16(key.local_port)
    if key.local_port == be16(0):
        port = u16(key.protocol)
    hashed = target_hash(key.local_addr, port)
    mask = u64(1) << u64((hashed >> 24) & 63)
    if (cell.targets[hashed >> 30] & mask) == 0:
        return
    if (cell.answered[hashed >> 30] & mask) == 0:
        cell.answered[hashed >> 30] |= mask
        cell.answers += 1
