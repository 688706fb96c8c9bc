"""Maps and constants of the kernel programs: what they share with each other and with the collector."""

from __future__ import annotations

from osmia import (
    ArrayMap,
    Constant,
    HashMap,
    LpmTrie,
    LruHashMap,
    LruPerCpuHashMap,
    PerCpuArray,
    PerCpuHashMap,
    PerfEventArray,
    u8,
    u16,
    u32,
    u64,
)
from osmia.monitor.records import (
    ConnectionCounters,
    ConnectionKey,
    Endpoint,
    InterfaceCounters,
    ReportBudget,
    RuleHits,
    ScanCell,
    SourceCounters,
)
from osmia.net import IPv6Address

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
    "probe_reports",
    "reasons",
    "report_budgets",
    "rule_hits",
    "scan_cells",
    "sources",
    "totals",
]

INTERFACE_SLOTS = 256
"""An interface counts in the slot of its index modulo this; the service refuses two that meet there."""

LIST_ENTRIES = 131_072
LISTENERS = 65_536
NO_PREALLOC = 1

SET_CLOCK = Constant(False)
"""Take the time from `clock`, which replay and tests set, instead of the kernel."""
WINDOW_NS = Constant(u64(60_000_000_000))
"""Length of a window of probes."""
REPORT_TARGETS = Constant(u32(8))
"""Distinct (address, port) without an answer in a window from which on a source is reported."""
REPORT_ODD = Constant(u32(3))
"""Packets that make no sense in a window from which on a source is reported."""
REPORT_INTERVAL_NS = Constant(u64(1_000_000_000))
"""Shortest time between two reports of one source, and the time of a processor's budget."""
REPORT_BUDGET = Constant(u64(128))
"""Reports that one processor makes in `REPORT_INTERVAL_NS`; what is held back is counted."""
SEES_ANSWERS = Constant(True)
"""Whether `monitor_egress` runs: without it, a reply or an ACK of a connection looks like a probe."""
EPHEMERAL_PORTS = Constant(u16(32_768))
"""Ports from here on are of connections that this machine opened (net.ipv4.ip_local_port_range)."""

sources = LruPerCpuHashMap(IPv6Address, SourceCounters, max_entries=16_384)
connections = LruHashMap(ConnectionKey, ConnectionCounters, max_entries=65_536)
totals = PerCpuArray(InterfaceCounters, max_entries=INTERFACE_SLOTS)
reasons = PerCpuArray(u64, max_entries=16)
allowed = LpmTrie(IPv6Address, u32, max_entries=LIST_ENTRIES)
blocked = LpmTrie(IPv6Address, u32, max_entries=LIST_ENTRIES)
rule_hits = PerCpuHashMap(u32, RuleHits, max_entries=LIST_ENTRIES, flags=NO_PREALLOC)
"""A rule has its entry, zeroed by user space, before it is in `blocked`."""
listeners = HashMap(Endpoint, u8, max_entries=LISTENERS, flags=NO_PREALLOC)
"""Where this machine listens, kept by user space: packets to there open a connection, and are no probes."""
scan_cells = LruHashMap(IPv6Address, ScanCell, max_entries=16_384)
probe_reports = PerfEventArray(ScanCell)
report_budgets = PerCpuArray(ReportBudget, max_entries=1)
clock = ArrayMap(u64, max_entries=1)
