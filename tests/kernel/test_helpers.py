"""Helpers of the kernel's table: called in the kernel and in a simulation, with the same result."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, Literal, cast

import pytest

import osmia
from osmia import (
    Array,
    CharArray,
    HashMap,
    RunResult,
    TcAction,
    TcContext,
    XdpAction,
    XdpContext,
    be16,
    be32,
    classifier,
    i64,
    struct,
    u8,
    u16,
    u32,
    xdp,
)
from osmia.errors import NotSupportedError
from osmia.helpers import (
    check_mtu,
    csum_diff,
    fib_lookup,
    l3_csum_replace,
    l4_csum_replace,
    redirect,
    skb_load_bytes,
    skb_load_bytes_relative,
    skb_pull_data,
    skb_store_bytes,
    strtol,
    strtoul,
    xdp_get_buff_len,
    xdp_load_bytes,
    xdp_store_bytes,
)
from osmia.net import EthHdr, FibLookup, FibResult, IPv4Address, Ipv4Hdr
from osmia.packets import ethernet, ipv4, udp

results = HashMap(u32, i64, max_entries=32)


@struct
class Six:
    low: u32
    high: u16


@xdp
def over_xdp(ctx: XdpContext) -> XdpAction:
    six = Six(low=u32(0), high=u16(0))
    results[u32(0)] = xdp_load_bytes(ctx, 0, six)
    results[u32(1)] = i64(six.low)
    results[u32(2)] = xdp_load_bytes(ctx, 4000, six)
    results[u32(3)] = i64(xdp_get_buff_len(ctx))
    results[u32(4)] = xdp_store_bytes(ctx, 20, u16(0x1234))
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    ip = packet.read(Ipv4Hdr)
    if eth is None or ip is None:
        return XdpAction.PASS
    results[u32(5)] = csum_diff(ip.src_addr, ip.dst_addr, 5)
    results[u32(6)] = csum_diff(None, ip, 0)
    results[u32(7)] = csum_diff(six.low, None, 9)
    results[u32(8)] = redirect(1, 0)
    if ctx.adjust_head(-8) != 0:
        return XdpAction.ABORTED
    results[u32(9)] = i64(ctx.length)
    results[u32(10)] = ctx.adjust_head(4000)
    results[u32(11)] = ctx.adjust_tail(-9)
    results[u32(12)] = i64(ctx.length)
    results[u32(13)] = ctx.adjust_tail(-4000)
    results[u32(14)] = ctx.adjust_tail(3)
    moved = ctx.packet().read(Array[u8, Literal[8]])
    if moved is None:
        return XdpAction.ABORTED
    for index in range(8):
        moved[index] = u8(7)
    return XdpAction.TX


@classifier
def over_tc(ctx: TcContext) -> TcAction:
    address = IPv4Address("10.0.0.9")
    new = IPv4Address("192.168.7.1")
    six = Six(low=u32(0), high=u16(0))
    results[u32(0)] = skb_load_bytes(ctx, 26, six)
    results[u32(1)] = i64(six.low)
    results[u32(2)] = skb_load_bytes(ctx, 60000, six)
    results[u32(3)] = i64(six.low)
    results[u32(4)] = skb_load_bytes_relative(ctx, 12, six, 1)
    results[u32(5)] = i64(six.low)
    results[u32(6)] = skb_pull_data(ctx, 42)
    results[u32(7)] = l3_csum_replace(ctx, 24, address, new, 4)
    results[u32(8)] = l4_csum_replace(ctx, 40, address, new, 0x14)
    results[u32(9)] = skb_store_bytes(ctx, 26, new, 0)
    results[u32(10)] = l4_csum_replace(ctx, 40, be16(53), be16(5353), 2)
    results[u32(11)] = skb_store_bytes(ctx, 36, be16(5353), 0)
    results[u32(12)] = l3_csum_replace(ctx, 25, address, new, 4)
    text = CharArray[Literal[8]]()
    results[u32(16)] = skb_load_bytes(ctx, 42, text)
    number = Array[i64, Literal[1]]()
    results[u32(13)] = strtol(text, 0, number)
    results[u32(14)] = number[0]
    results[u32(15)] = strtoul(text, 10, number)
    return TcAction.OK


PACKET = bytes(ethernet() / ipv4(src="10.0.0.9", dst="172.16.3.4") / udp(sport=9, dport=53) / b"-0x1f,79")


def outcome(program: Any, *, simulated: bool) -> tuple[object, bytes, dict[int, int]]:
    with osmia.simulate(program) if simulated else osmia.load(program) as bpf:
        run = cast("RunResult[Any]", cast("Any", bpf)[program].run(PACKET))
        return run.action, run.data, {int(key): int(value) for key, value in bpf[results].items()}


@pytest.mark.parametrize("program", [over_xdp, over_tc], ids=["xdp", "tc"])
def test_the_kernel_and_the_simulation_agree(program: Any) -> None:
    in_kernel = outcome(program, simulated=False)
    in_python = outcome(program, simulated=True)
    assert in_kernel[2] == in_python[2]
    assert in_kernel == in_python
    assert len(in_kernel[2]) > 14


@xdp
def routes(ctx: XdpContext) -> XdpAction:
    route = FibLookup(family=u8(2), total_length=u16(60), ifindex=ctx.ingress_ifindex)
    route.destination[0] = be32(0x7F000001)
    results[u32(0)] = fib_lookup(ctx, route, 0)
    results[u32(1)] = i64(route.ifindex)
    route.family = u8(99)
    results[u32(2)] = fib_lookup(ctx, route, 0)
    mtu = Array[u32, Literal[1]]()
    results[u32(3)] = check_mtu(ctx, 1, mtu, 0, 0)
    results[u32(4)] = i64(mtu[0])
    return XdpAction.PASS


def test_routes_are_looked_up() -> None:
    with osmia.load(routes) as bpf:
        bpf[routes].run(PACKET)
        found = {int(key): int(value) for key, value in bpf[results].items()}
    assert FibResult(found[0]) in (FibResult.NOT_FORWARDED, FibResult.FORWARDING_DISABLED)
    assert found[1] == 1
    assert found[2] == -errno.EAFNOSUPPORT
    assert found[3] == 0
    assert found[4] == int(Path("/sys/class/net/lo/mtu").read_text())


def test_what_a_simulation_cannot_know_is_said() -> None:
    with (
        osmia.simulate(routes) as bpf,
        pytest.raises(NotSupportedError, match="bpf_fib_lookup in a simulation"),
    ):
        bpf[routes].run(PACKET)
