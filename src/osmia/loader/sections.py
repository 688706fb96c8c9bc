"""What an ELF section's name says about the program in it: the convention of libbpf."""

from __future__ import annotations

from dataclasses import dataclass

from osmia.uapi import AttachType, ProgramFlags, ProgramType

_NO_FLAGS = ProgramFlags(0)


@dataclass(frozen=True)
class SectionRule:
    """Programs of sections that are named `prefix`, or begin with `prefix/` where `has_target` is set."""

    prefix: str
    type: ProgramType
    attach_type: AttachType | None = None
    flags: ProgramFlags = _NO_FLAGS
    has_target: bool = False


_XDP_FRAGS = ProgramFlags.XDP_HAS_FRAGS
RULES = (
    SectionRule("xdp.frags/devmap", ProgramType.XDP, AttachType.XDP_DEVMAP, _XDP_FRAGS),
    SectionRule("xdp/devmap", ProgramType.XDP, AttachType.XDP_DEVMAP),
    SectionRule("xdp.frags/cpumap", ProgramType.XDP, AttachType.XDP_CPUMAP, _XDP_FRAGS),
    SectionRule("xdp/cpumap", ProgramType.XDP, AttachType.XDP_CPUMAP),
    SectionRule("xdp.frags", ProgramType.XDP, AttachType.XDP, _XDP_FRAGS),
    SectionRule("xdp", ProgramType.XDP, AttachType.XDP, has_target=True),
    SectionRule("tcx/ingress", ProgramType.SCHED_CLS, AttachType.TCX_INGRESS),
    SectionRule("tcx/egress", ProgramType.SCHED_CLS, AttachType.TCX_EGRESS),
    SectionRule("tc/ingress", ProgramType.SCHED_CLS, AttachType.TCX_INGRESS),
    SectionRule("tc/egress", ProgramType.SCHED_CLS, AttachType.TCX_EGRESS),
    SectionRule("tc", ProgramType.SCHED_CLS, has_target=True),
    SectionRule("classifier", ProgramType.SCHED_CLS, has_target=True),
    SectionRule("action", ProgramType.SCHED_ACT),
    SectionRule("socket", ProgramType.SOCKET_FILTER),
    SectionRule("kprobe", ProgramType.KPROBE, has_target=True),
    SectionRule("kretprobe", ProgramType.KPROBE, has_target=True),
    SectionRule("uprobe", ProgramType.KPROBE, has_target=True),
    SectionRule("uretprobe", ProgramType.KPROBE, has_target=True),
    SectionRule("tracepoint", ProgramType.TRACEPOINT, has_target=True),
    SectionRule("tp", ProgramType.TRACEPOINT, has_target=True),
    SectionRule("raw_tracepoint", ProgramType.RAW_TRACEPOINT, has_target=True),
    SectionRule("raw_tp", ProgramType.RAW_TRACEPOINT, has_target=True),
    SectionRule("perf_event", ProgramType.PERF_EVENT),
    SectionRule("cgroup_skb/ingress", ProgramType.CGROUP_SKB, AttachType.CGROUP_INET_INGRESS),
    SectionRule("cgroup_skb/egress", ProgramType.CGROUP_SKB, AttachType.CGROUP_INET_EGRESS),
    SectionRule("syscall", ProgramType.SYSCALL, flags=ProgramFlags.SLEEPABLE),
)


def rule_of(section: str) -> SectionRule | None:
    """The rule for a section's name, or None where it holds no program that is known here."""
    for rule in RULES:
        if section == rule.prefix or (rule.has_target and section.startswith(f"{rule.prefix}/")):
            return rule
    return None


NETWORK_TYPES = frozenset(
    {
        ProgramType.XDP,
        ProgramType.SCHED_CLS,
        ProgramType.SCHED_ACT,
        ProgramType.CGROUP_SKB,
    }
)
"""Program types that ask for CAP_NET_ADMIN (kernel/bpf/syscall.c, is_net_admin_prog_type)."""

TRACING_TYPES = frozenset(
    {
        ProgramType.KPROBE,
        ProgramType.TRACEPOINT,
        ProgramType.PERF_EVENT,
        ProgramType.RAW_TRACEPOINT,
        ProgramType.TRACING,
        ProgramType.LSM,
    }
)
"""Program types that ask for CAP_PERFMON (kernel/bpf/syscall.c, is_perfmon_prog_type)."""
