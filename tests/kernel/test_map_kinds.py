"""Maps without keys, and maps that frames are sent to; in the kernel and in the simulation."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

import osmia
from osmia import (
    ArrayMap,
    BloomFilter,
    Bpf,
    CpuMap,
    DevMap,
    DevMapHash,
    MapFullError,
    NotSupportedError,
    Queue,
    Stack,
    UsageError,
    XdpAction,
    XdpContext,
    XdpFlags,
    XskMap,
    u16,
    u32,
    u64,
    xdp,
    xdp_cpumap,
    xdp_devmap,
)
from osmia.net import EthHdr
from osmia.sys import RUNNING_KERNEL
from tests.builders.network import Host, veth_pair

FRAME = bytes.fromhex("02000000007702000000000188b5") + bytes(86)


@osmia.struct
class Job:
    number: u32
    priority: u16


jobs = Queue(Job, max_entries=2)
numbers = Stack(u64, max_entries=2)
seen = BloomFilter(u32, max_entries=100)
results = ArrayMap(u64, max_entries=8)
ports = DevMap(max_entries=4)
ports_by_index = DevMapHash(max_entries=4)
processors = CpuMap(max_entries=2)
xsk_sockets = XskMap(max_entries=2)


@xdp
def use_queue(ctx: XdpContext) -> XdpAction:
    results[0] = u64(7) if jobs.push(Job(number=u32(5), priority=u16(2))) else u64(8)
    first = jobs.peek()
    if first is not None:
        results[1] = u64(first.number)
    job = jobs.pop()
    if job is None:
        return XdpAction.ABORTED
    job.number += 100
    results[2] = u64(job.number) + u64(job.priority)
    return XdpAction.PASS


@xdp
def use_stack(ctx: XdpContext) -> XdpAction:
    number = numbers.pop()
    if number is None:
        return XdpAction.DROP
    results[3] = number.value
    numbers.push(number.value * 2)
    return XdpAction.PASS


@xdp
def use_filter(ctx: XdpContext) -> XdpAction:
    number = u32(ctx.length)
    if number in seen:
        return XdpAction.DROP
    seen.add(number)
    return XdpAction.PASS


@xdp
def forward(ctx: XdpContext) -> XdpAction:
    return ports.redirect(0, XdpAction.PASS)


@xdp
def forward_by_index(ctx: XdpContext) -> XdpAction:
    return ports_by_index.redirect(ctx.ingress_ifindex)


@xdp_devmap
def mark_at_port(ctx: XdpContext) -> XdpAction:
    results[4] += 1
    eth = ctx.packet().read(EthHdr)
    if eth is None:
        return XdpAction.DROP
    eth.src_addr[5] = osmia.u8(0x55)
    return XdpAction.PASS


@xdp
def to_processor(ctx: XdpContext) -> XdpAction:
    return processors.redirect(0)


@xdp_cpumap
def count_at_processor(ctx: XdpContext) -> XdpAction:
    results[5] += 1
    return XdpAction.PASS


@xdp
def to_socket(ctx: XdpContext) -> XdpAction:
    return xsk_sockets.redirect(ctx.rx_queue_index, XdpAction.DROP)


Opener = Callable[..., AbstractContextManager[Bpf]]
BOTH = pytest.mark.parametrize("opener", [osmia.load, osmia.simulate])


@BOTH
def test_a_queue_keeps_the_order(opener: Opener) -> None:
    with opener(use_queue) as bpf:
        queue = bpf[jobs]
        assert queue.pop() is None
        queue.push(Job(number=u32(1), priority=u16(1)))
        assert bpf[use_queue].run(FRAME).action is XdpAction.PASS
        assert [bpf[results][index] for index in range(3)] == [7, 1, 102]
        queue.push(Job(number=u32(3), priority=u16(1)))
        with pytest.raises(MapFullError):
            queue.push(Job(number=u32(4), priority=u16(1)))
        assert bpf[use_queue].run(FRAME).action is XdpAction.PASS
        assert [bpf[results][index] for index in range(3)] == [8, 5, 107]
        peeked = queue.peek()
        assert peeked is not None
        assert peeked.number == 3
        popped = queue.pop()
        assert popped is not None
        assert popped.number == 3
        assert queue.peek() is None


@BOTH
def test_a_stack_gives_the_last_first(opener: Opener) -> None:
    with opener(use_stack) as bpf:
        assert bpf[use_stack].run(FRAME).action is XdpAction.DROP
        bpf[numbers].push(u64(1))
        bpf[numbers].push(u64(21))
        assert bpf[use_stack].run(FRAME).action is XdpAction.PASS
        assert bpf[results][3] == 21
        assert [bpf[numbers].pop() for _ in range(3)] == [42, 1, None]


@BOTH
def test_a_bloom_filter_knows_what_was_added(opener: Opener) -> None:
    with opener(use_filter) as bpf:
        assert bpf[use_filter].run(FRAME).action is XdpAction.PASS
        assert bpf[use_filter].run(FRAME).action is XdpAction.DROP
        assert u32(100) in bpf[seen]
        bpf[seen].add(u32(60))
        assert bpf[use_filter].run(FRAME[:60]).action is XdpAction.DROP


@BOTH
def test_redirection_says_what_happens(opener: Opener) -> None:
    with opener(forward, to_socket) as bpf:
        assert bpf[forward].run(FRAME).action is XdpAction.PASS
        assert bpf[to_socket].run(FRAME).action is XdpAction.DROP
        bpf[ports][0] = 1
        assert bpf[forward].run(FRAME).action is XdpAction.REDIRECT
        assert bpf[ports][0] == 1
        del bpf[ports][0]
        assert 0 not in bpf[ports]
        with pytest.raises(KeyError):
            del bpf[ports][0]


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    with veth_pair() as pair:
        yield pair


def send_and_receive(sender: Host, receiver: Host) -> bytes:
    """What the receiver sees next when a frame is sent."""
    with receiver.packet_socket() as listening:
        sender.send(FRAME)
        while True:
            frame, address = listening.recvfrom(2048)
            if address[2] != socket.PACKET_OUTGOING:
                return frame


@pytest.mark.requires_tool("ip")
@pytest.mark.parametrize("declared", [ports, ports_by_index])
def test_frames_go_back_with_the_mark_of_the_port(
    hosts: tuple[Host, Host], declared: DevMap | DevMapHash
) -> None:
    a, b = hosts
    program = forward if isinstance(declared, DevMap) else forward_by_index
    with osmia.load(program, mark_at_port) as bpf, b.inside():
        index = RUNNING_KERNEL.interface_index(b.interface) or 0
        key = 0 if isinstance(declared, DevMap) else index
        bpf[declared].set(key, index, bpf[mark_at_port])
        assert dict.fromkeys(bpf[declared]) == {key: None}
        with bpf[program].attach(b.interface, flags=XdpFlags.SKB_MODE):
            frame = send_and_receive(a, a)
        assert frame == FRAME[:11] + b"\x55" + FRAME[12:]
        assert bpf[results][4] == 1
        with pytest.raises(UsageError, match="does not take"):
            bpf[declared][1] = 9999


@pytest.mark.requires_tool("ip")
def test_frames_go_on_at_another_processor(hosts: tuple[Host, Host]) -> None:
    a, b = hosts
    with osmia.load(to_processor, count_at_processor) as bpf:
        bpf[processors].set(0, 128, bpf[count_at_processor])
        assert bpf[processors][0] == 128
        with b.inside(), bpf[to_processor].attach(b.interface, flags=XdpFlags.SKB_MODE):
            pass
        with b.inside(), bpf[to_processor].attach(b.interface, flags=XdpFlags.DRV_MODE):
            assert send_and_receive(a, b) == FRAME
        assert bpf[results][5] == 1
        with pytest.raises(UsageError, match="does not take"):
            bpf[processors][0] = 1 << 20


def test_only_sockets_of_their_kind_go_into_an_xsk_map() -> None:
    with osmia.load(to_socket) as bpf, socket.socket() as tcp:
        with pytest.raises(UsageError, match="does not take this socket"):
            bpf[xsk_sockets][0] = tcp
        with socket.socket(44, socket.SOCK_RAW) as unbound:
            bpf[xsk_sockets][0] = unbound
            with pytest.raises(NotSupportedError):
                assert 0 in bpf[xsk_sockets]
            del bpf[xsk_sockets][0]
