"""What both type checkers refuse in strict mode: exactly one error on each line that is marked."""

from __future__ import annotations

from typing import Literal

import osmia
from osmia import (
    Array,
    Atomic,
    ArrayMap,
    BtfTracepointContext,
    Constant,
    Global,
    HashMap,
    KernelPointer,
    KernelStruct,
    Log2Histogram,
    LpmTrie,
    LsmContext,
    PerCpuHashMap,
    PerfEventArray,
    RingBuf,
    TcAction,
    TcContext,
    XdpAction,
    XdpContext,
    be16,
    btf_tracepoint,
    classifier,
    fentry,
    function,
    helpers,
    i32,
    kernel_address,
    kernel_pointer,
    Timer,
    struct,
    timer_callback,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr, MacAddress


@struct
class Event:
    source: IPv4Address
    count: u32
    ports: Array[u16, Literal[2]]


LIMIT = Constant(u32(5))

counts = HashMap(IPv4Address, u64, max_entries=16)
records = HashMap(u32, Event, max_entries=16)
settings = ArrayMap(u32, max_entries=4)
per_cpu = PerCpuHashMap(u32, u64, max_entries=4)
blocklist = LpmTrie(IPv4Address, u32, max_entries=4)
events = PerfEventArray(Event)


def integers(a: u32, b: u64, c: i32, port: be16) -> None:
    _ = a + b  # error
    _ = a + c  # error
    _ = a < b  # error
    _ = a & b  # error
    _ = port + 1  # error
    _ = port << 8  # error
    _ = a + port  # error
    _ = a + 1.5  # error
    _ = a / 2  # error
    d: u32 = 5  # error
    e: u32 = b  # error
    _ = d, e


def comparisons(eth: EthHdr, port: be16) -> None:
    if eth.ether_type == EtherType.IPV4:
        return
    if port < u16(80):  # error
        return


def lookups(address: IPv4Address) -> None:
    counts.lookup(address).value += 1  # error
    records.lookup(u32(1)).count += 1  # error
    event = records.lookup(u32(1))
    event.count = u32(2)  # error
    if event is not None:
        event.count = 2  # error
        event.missing = u32(2)  # error
        event.ports[0] = u32(2)  # error


def keys(number: u32, address: IPv4Address) -> None:
    counts.lookup(number)  # error
    counts[number] += 1  # error
    counts[address] = u32(1)  # error
    del counts["10.0.0.1"]  # error
    settings[0] = u64(1)  # error
    blocklist.lookup(MacAddress())  # error
    if number in counts:  # error
        return


def declarations() -> None:
    HashMap(u32, u64)  # error
    HashMap(u32, u64, 16)  # error
    Event(source=IPv4Address(1), count=u32(1))  # error
    Event(source=IPv4Address(1), count=u64(1), ports=Array[u16, Literal[2]]())  # error
    Constant("text")  # error


def reads(ctx: XdpContext) -> None:
    ctx.packet().read(Ipv4Hdr).ttl  # error
    ctx.gso_segments  # error
    events.output(ctx, u32(1))  # error


@xdp  # error
def bare_int(ctx: XdpContext) -> int:
    return 2


@xdp  # error
def wrong_context(ctx: TcContext) -> XdpAction:
    return XdpAction.PASS


@xdp  # error
def wrong_action(ctx: XdpContext) -> TcAction:
    return TcAction.OK


@classifier  # error
def nothing_returned(ctx: TcContext) -> None:
    return


@xdp
def number_returned(ctx: XdpContext) -> XdpAction:
    return 2  # error


@xdp
def good(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS


def user_side(bpf: osmia.Bpf, address: IPv4Address) -> None:
    bpf[counts][u32(1)] = u64(1)  # error
    bpf[counts][address] = u32(1)  # error
    bpf[counts]["10.0.0.1"]  # error
    bpf[blocklist][address] = u32(1)  # error
    bpf[settings]["first"]  # error
    bpf[per_cpu][u32(1)] = u64(1)  # error
    bpf[events][0]  # error
    bpf[good].attach(1)  # error
    bpf[good].attach("eth0", mode="generic")  # error
    bpf["good"]  # error


def loading() -> None:
    osmia.simulate(good, constants={"LIMIT": u32(1)})  # error
    osmia.simulate("good")  # error


latency = Log2Histogram(u64)
by_source = Log2Histogram(u64, key=IPv4Address, max_entries=8)
Log2Histogram(u64, key=IPv4Address)  # error
Log2Histogram(Event)  # error


def histograms(address: IPv4Address, narrow: u32, wide: u64) -> None:
    latency.record(narrow)  # error
    latency.record(address, wide)  # error
    by_source.record(wide)  # error
    by_source.record(narrow, wide)  # error


@function(inline=False)
def halved(number: u32) -> u32:
    return number // 2


@xdp
def wrong_calls(ctx: XdpContext) -> XdpAction:
    halved(u64(1))  # error
    halved(u32(1), u32(2))  # error
    halved(u32(1)) + u64(1)  # error
    return XdpAction.PASS


event_ring = RingBuf(Event, byte_size=4096)


def reservations(number: u64) -> None:
    event_ring.reserve().count = u32(1)  # error
    event_ring.submit(number)  # error
    event_ring.output(Event(source=IPv4Address(1), count=u32(1), ports=Array[u16, Literal[2]]()), 1)  # error


classifier_steps = osmia.ProgramArray(TcContext, max_entries=2)
osmia.ProgramArray(TcContext, {0: wrong_calls})  # error


@xdp
def wrong_tail_calls(ctx: XdpContext) -> XdpAction:
    classifier_steps.tail_call(ctx, 0)  # error
    return XdpAction.PASS


def wrong_programs(bpf: osmia.Bpf) -> None:
    bpf[classifier_steps][0] = wrong_calls  # error


sent_count = Global(u64(0))


def with_globals(bpf: osmia.Bpf) -> None:
    sent_count.value = u32(1)  # error
    sent_count.count = u64(1)  # error
    bpf[sent_count].value = u32(1)  # error
    bpf[LIMIT].value = u32(1)  # error


ticket = Global(Atomic(u32(0)))


def with_atomics() -> None:
    ticket.value.add(u64(1))  # error
    ticket.value = u32(1)  # error
    ticket.value.subtract(u32(1))  # error


@struct
class Other:
    count: u32


shared_ring = RingBuf(Event, Other, byte_size=4096)


def shared_buffer(number: u64) -> None:
    shared_ring.output(number)  # error
    shared_ring.reserve().count = u32(1)  # error
@osmia.cgroup_sock_addr("connect5")  # error
def connects(ctx: osmia.CgroupSockAddrContext) -> osmia.CgroupVerdict:
    ctx.family = u32(2)  # error
    ctx.user_port = u32(80)  # error
    return osmia.CgroupVerdict.ALLOW


@osmia.socket_filter  # error
def filters(ctx: osmia.SkLookupContext) -> u32:
    return u32(0)




class RejectedTask(KernelStruct, name="task_struct"):
    pid: i32
    parent: KernelPointer[RejectedTask]


@btf_tracepoint("sched_process_exit")
def wrong_reads(ctx: BtfTracepointContext, task: RejectedTask) -> int:
    task.parent.nothing  # error
    task.parent.pid + u64(1)  # error
    kernel_pointer(u64, u64(1))  # error
    kernel_address(u64(1))  # error
    return 0


@fentry("tcp_connect")  # error
def context_of_another_kind(ctx: LsmContext) -> int:
    return 0


@osmia.kfunc
def bpf_takes_a_word(word: u32) -> i32:
    raise NotImplementedError


@xdp
def wrong_helpers(ctx: XdpContext) -> XdpAction:
    bpf_takes_a_word(u64(1))  # error
    osmia.kfunc_exists(u32)  # error
    helpers.skb_vlan_pop(ctx)  # error
    helpers.ktime_get_boot_ns(1)  # error
    helpers.xdp_load_bytes(ctx, u64(1), u32(1))  # error
    ctx.adjust_tail(u32(3))  # error
    return XdpAction.PASS


@xdp
def wrong_choices(ctx: XdpContext) -> XdpAction:
    abs(be16(3))  # error
    total: u32 = sum(u64(n) for n in range(3))  # error
    a, b = u32(1), u32(2), u32(3)  # error
    return XdpAction.PASS


per_task = osmia.TaskStorage(u64)


@osmia.btf_tracepoint("sched_switch")
def wrong_owners(ctx: osmia.BtfTracepointContext) -> int:
    per_task.lookup(u32(1))  # error
    per_task.lookup_or_create(ctx)  # error
    osmia.current_task(u32)  # error
    return 0


@struct
class RejectedTimed:
    count: u64
    timer: Timer = Timer()


rejected_timed = HashMap(u16, RejectedTimed, max_entries=4)


@timer_callback(rejected_timed)
def called_by_a_timer(port: u16, entry: RejectedTimed) -> None:
    entry.timer.start(u32(5), called_by_a_timer)  # error
    entry.timer.start(5, u64)  # error
    entry.timer.stop()  # error


@timer_callback(rejected_timed)  # error
def of_another_key(port: u32, entry: RejectedTimed) -> None:
    return


halves = osmia.ArrayOfMaps(osmia.ArrayMap(u64, max_entries=4), max_entries=2)


@xdp
def wrong_maps(ctx: XdpContext) -> XdpAction:
    halves.lookup(1)[u32(0)] += 1  # error
    return XdpAction.PASS


def wrong_exchange(bpf: osmia.Bpf) -> None:
    bpf[halves][0] = u32(1)  # error
