"""Contexts that are written, queues, and maps that frames and messages are sent to."""

from osmia import (
    BloomFilter,
    CgroupSockAddrContext,
    CgroupVerdict,
    DevMap,
    Queue,
    SkAction,
    SkLookupContext,
    SkMsgContext,
    SockHash,
    SockMap,
    XdpAction,
    XdpContext,
    be16,
    cgroup_sock_addr,
    sk_lookup,
    sk_msg,
    u32,
    xdp,
)

waiting = Queue(u32, max_entries=4)
known = BloomFilter(u32, max_entries=4)
ports = DevMap(max_entries=4)
sockets = SockMap(max_entries=4)
by_port = SockHash(u32, max_entries=4)


@cgroup_sock_addr("connect4")
def to_other_port(ctx: CgroupSockAddrContext) -> CgroupVerdict:
    if ctx.user_port == be16(80):
        ctx.user_port = be16(8080)
    return CgroupVerdict.ALLOW


@xdp
def forward(ctx: XdpContext) -> XdpAction:
    length = waiting.pop()
    if length is None or length.value in known:
        return ports.redirect(0)
    waiting.push(ctx.length)
    return ports.redirect(length.value, XdpAction.PASS)


@sk_lookup
def choose(ctx: SkLookupContext) -> SkAction:
    return SkAction.PASS if ctx.assign(by_port, ctx.local_port) else SkAction.DROP


@sk_msg
def short_way(ctx: SkMsgContext) -> SkAction:
    return sockets.redirect_ingress(ctx, 1)
