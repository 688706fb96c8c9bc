"""A program of each kind at sockets, control groups, redirect maps and user space: 5.10 takes all."""

from __future__ import annotations

from typing import Literal

from osmia import (
    Array,
    ArrayMap,
    CgroupDeviceContext,
    CgroupSkbContext,
    CgroupSockAddrContext,
    CgroupSockContext,
    CgroupSockoptContext,
    CgroupSysctlContext,
    CgroupVerdict,
    CharArray,
    CpuMap,
    DevMapHash,
    KprobeContext,
    PerfEventContext,
    Queue,
    ReuseportArray,
    SkAction,
    SkLookupContext,
    SkMsgContext,
    SkReuseportContext,
    SocketEvents,
    SocketFilterContext,
    SocketOperation,
    SockHash,
    SockMap,
    SockOpsContext,
    XdpAction,
    XdpContext,
    be16,
    cgroup_device,
    cgroup_skb,
    cgroup_sock,
    cgroup_sock_addr,
    cgroup_sockopt,
    cgroup_sysctl,
    perf_event,
    sk_lookup,
    sk_msg,
    sk_reuseport,
    sock_ops,
    socket_filter,
    u32,
    u64,
    uprobe,
    xdp,
    xdp_cpumap,
    xdp_devmap,
)
from osmia.net import Ipv4Hdr, UdpHdr

counts = ArrayMap(u64, max_entries=8)
sockets = SockMap(max_entries=4)
sockets_by_key = SockHash(u32, max_entries=4)
ports = DevMapHash(max_entries=4)
processors = CpuMap(max_entries=1)
waiting = Queue(u32, max_entries=4)
group = ReuseportArray(max_entries=4)


@cgroup_skb("egress")
def count_sent(ctx: CgroupSkbContext) -> CgroupVerdict:
    ip = ctx.packet().read(Ipv4Hdr)
    if ip is None:
        return CgroupVerdict.ALLOW
    ctx.mark = u32(7)
    ctx.priority += 1
    counts[0] += u64(ctx.length)
    return CgroupVerdict.ALLOW


@socket_filter
def only_udp(ctx: SocketFilterContext) -> u32:
    udp = ctx.load_bytes(UdpHdr, 0)
    if udp is None:
        return u32(0)
    counts[1] += 1
    return ctx.length


@cgroup_sock_addr("connect4")
def to_other_port(ctx: CgroupSockAddrContext) -> CgroupVerdict:
    if ctx.user_port == be16(80):
        ctx.user_port = be16(8080)
    return CgroupVerdict.ALLOW


@cgroup_sock("sock_create")
def only_ipv4(ctx: CgroupSockContext) -> CgroupVerdict:
    ctx.mark = u32(5)
    return CgroupVerdict.ALLOW if ctx.family == u32(2) else CgroupVerdict.DENY


@cgroup_sockopt("setsockopt")
def no_77(ctx: CgroupSockoptContext) -> CgroupVerdict:
    v = ctx.value().read(Array[u32, Literal[1]])
    if v is not None and v[0] == 77:
        return CgroupVerdict.DENY
    return CgroupVerdict.ALLOW


@cgroup_sysctl
def no_writing(ctx: CgroupSysctlContext) -> CgroupVerdict:
    name = ctx.name(CharArray[Literal[32]])
    if ctx.write == 1 and name[0] == 110:
        return CgroupVerdict.DENY
    return CgroupVerdict.ALLOW


@cgroup_device
def no_urandom(ctx: CgroupDeviceContext) -> CgroupVerdict:
    if ctx.major == 1 and ctx.minor == 9:
        return CgroupVerdict.DENY
    return CgroupVerdict.ALLOW


@sock_ops
def watch(ctx: SockOpsContext) -> int:
    if ctx.operation == SocketOperation.ACTIVE_ESTABLISHED_CB:
        ctx.request(SocketEvents.STATE_CB_FLAG)
        counts[2] += 1
    if ctx.operation == SocketOperation.STATE_CB:
        a = ctx.arguments
        counts[u32(3)] += u64(a[1])
    return 1


@sk_msg
def short_way(ctx: SkMsgContext) -> SkAction:
    return sockets.redirect_ingress(ctx, 0)


@sk_lookup
def one_socket(ctx: SkLookupContext) -> SkAction:
    if ctx.local_port == 7777 and not ctx.assign(sockets, 0):
        return SkAction.DROP
    return SkAction.PASS


@sk_reuseport
def by_hash(ctx: SkReuseportContext) -> SkAction:
    h = ctx.packet().read(UdpHdr)
    if h is None:
        return SkAction.DROP
    if ctx.select(group, ctx.hash & 1):
        return SkAction.PASS
    return SkAction.DROP


@sk_lookup
def by_port(ctx: SkLookupContext) -> SkAction:
    ctx.assign(sockets_by_key, ctx.local_port)
    return SkAction.PASS


@xdp
def forward(ctx: XdpContext) -> XdpAction:
    if waiting.push(ctx.length) and waiting.pop() is not None:
        return ports.redirect(ctx.ingress_ifindex, XdpAction.PASS)
    return processors.redirect(0)


@xdp_devmap
def at_port(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS


@xdp_cpumap
def at_processor(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS


@uprobe("libc.so.6", "malloc")
def on_malloc(ctx: KprobeContext) -> int:
    counts[4] += ctx.arg(0)
    return 0


@perf_event
def sample(ctx: PerfEventContext) -> int:
    counts[5] += ctx.sample_period
    return 0


PROGRAMS = (
    count_sent,
    only_udp,
    to_other_port,
    only_ipv4,
    no_77,
    no_writing,
    no_urandom,
    watch,
    short_way,
    one_socket,
    by_port,
    by_hash,
    forward,
    at_port,
    at_processor,
    on_malloc,
    sample,
)
