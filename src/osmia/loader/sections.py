"""What an ELF section's name says about the program in it: the convention of libbpf."""

from __future__ import annotations

from osmia.dataclass import dataclass
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


_SLEEPABLE = ProgramFlags.SLEEPABLE
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
    SectionRule("tp_btf", ProgramType.TRACING, AttachType.TRACE_RAW_TP, has_target=True),
    SectionRule("fentry", ProgramType.TRACING, AttachType.TRACE_FENTRY, has_target=True),
    SectionRule("fentry.s", ProgramType.TRACING, AttachType.TRACE_FENTRY, _SLEEPABLE, has_target=True),
    SectionRule("fexit", ProgramType.TRACING, AttachType.TRACE_FEXIT, has_target=True),
    SectionRule("fexit.s", ProgramType.TRACING, AttachType.TRACE_FEXIT, _SLEEPABLE, has_target=True),
    SectionRule("fmod_ret", ProgramType.TRACING, AttachType.MODIFY_RETURN, has_target=True),
    SectionRule("fmod_ret.s", ProgramType.TRACING, AttachType.MODIFY_RETURN, _SLEEPABLE, has_target=True),
    SectionRule("lsm", ProgramType.LSM, AttachType.LSM_MAC, has_target=True),
    SectionRule("lsm.s", ProgramType.LSM, AttachType.LSM_MAC, _SLEEPABLE, has_target=True),
    SectionRule("perf_event", ProgramType.PERF_EVENT),
    SectionRule("cgroup_skb/ingress", ProgramType.CGROUP_SKB, AttachType.CGROUP_INET_INGRESS),
    SectionRule("cgroup_skb/egress", ProgramType.CGROUP_SKB, AttachType.CGROUP_INET_EGRESS),
    SectionRule("cgroup/sock_create", ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE),
    SectionRule("cgroup/sock_release", ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_RELEASE),
    SectionRule("cgroup/sock", ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE),
    SectionRule("cgroup/post_bind4", ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET4_POST_BIND),
    SectionRule("cgroup/post_bind6", ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET6_POST_BIND),
    SectionRule("cgroup/bind4", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_BIND),
    SectionRule("cgroup/bind6", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_BIND),
    SectionRule("cgroup/connect4", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_CONNECT),
    SectionRule("cgroup/connect6", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_CONNECT),
    SectionRule("cgroup/getpeername4", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_GETPEERNAME),
    SectionRule("cgroup/getpeername6", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_GETPEERNAME),
    SectionRule("cgroup/getsockname4", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_GETSOCKNAME),
    SectionRule("cgroup/getsockname6", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_GETSOCKNAME),
    SectionRule("cgroup/recvmsg4", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_UDP4_RECVMSG),
    SectionRule("cgroup/recvmsg6", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_UDP6_RECVMSG),
    SectionRule("cgroup/sendmsg4", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_UDP4_SENDMSG),
    SectionRule("cgroup/sendmsg6", ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_UDP6_SENDMSG),
    SectionRule("cgroup/getsockopt", ProgramType.CGROUP_SOCKOPT, AttachType.CGROUP_GETSOCKOPT),
    SectionRule("cgroup/setsockopt", ProgramType.CGROUP_SOCKOPT, AttachType.CGROUP_SETSOCKOPT),
    SectionRule("cgroup/sysctl", ProgramType.CGROUP_SYSCTL, AttachType.CGROUP_SYSCTL),
    SectionRule("cgroup/dev", ProgramType.CGROUP_DEVICE, AttachType.CGROUP_DEVICE),
    SectionRule("sockops", ProgramType.SOCK_OPS, AttachType.CGROUP_SOCK_OPS),
    SectionRule("sk_msg", ProgramType.SK_MSG, AttachType.SK_MSG_VERDICT),
    SectionRule("sk_skb/stream_parser", ProgramType.SK_SKB, AttachType.SK_SKB_STREAM_PARSER),
    SectionRule("sk_skb/stream_verdict", ProgramType.SK_SKB, AttachType.SK_SKB_STREAM_VERDICT),
    SectionRule("sk_skb/verdict", ProgramType.SK_SKB, AttachType.SK_SKB_VERDICT),
    SectionRule("sk_lookup", ProgramType.SK_LOOKUP, AttachType.SK_LOOKUP),
    SectionRule("sk_reuseport/migrate", ProgramType.SK_REUSEPORT, AttachType.SK_REUSEPORT_SELECT_OR_MIGRATE),
    SectionRule("sk_reuseport", ProgramType.SK_REUSEPORT, AttachType.SK_REUSEPORT_SELECT),
    SectionRule("netfilter", ProgramType.NETFILTER, AttachType.NETFILTER),
    SectionRule("flow_dissector", ProgramType.FLOW_DISSECTOR, AttachType.FLOW_DISSECTOR),
    SectionRule("lwt_in", ProgramType.LWT_IN),
    SectionRule("lwt_out", ProgramType.LWT_OUT),
    SectionRule("lwt_xmit", ProgramType.LWT_XMIT),
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
        ProgramType.CGROUP_DEVICE,
        ProgramType.CGROUP_SOCK,
        ProgramType.CGROUP_SOCK_ADDR,
        ProgramType.CGROUP_SOCKOPT,
        ProgramType.CGROUP_SYSCTL,
        ProgramType.FLOW_DISSECTOR,
        ProgramType.LWT_IN,
        ProgramType.LWT_OUT,
        ProgramType.LWT_XMIT,
        ProgramType.NETFILTER,
        ProgramType.SK_LOOKUP,
        ProgramType.SK_MSG,
        ProgramType.SK_SKB,
        ProgramType.SOCK_OPS,
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
