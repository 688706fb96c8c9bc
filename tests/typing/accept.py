"""What both type checkers take in strict mode: the types that users rely on."""

from __future__ import annotations

from collections.abc import MutableMapping
from enum import Enum
from typing import Annotated, Literal, assert_type

import osmia
from osmia import (
    Array,
    ArrayMap,
    Atomic,
    BitField,
    BtfTracepointContext,
    CharArray,
    Constant,
    Direction,
    EventReader,
    FexitContext,
    Flags,
    Frame,
    Global,
    HashMap,
    Histogram,
    Histograms,
    KernelAddress,
    KernelPointer,
    KernelStruct,
    LinearHistogram,
    Log2Histogram,
    LpmTrie,
    LruHashMap,
    LruPerCpuHashMap,
    LsmContext,
    PerCpuArray,
    PerCpuHashMap,
    PerCpuValues,
    PerfEventArray,
    Pointer,
    RawTracepointContext,
    RingBuf,
    RingBufFlags,
    SpinLock,
    StackTrace,
    Subprogram,
    TcAction,
    TcContext,
    Timer,
    XdpAction,
    XdpContext,
    XdpFlags,
    be16,
    btf_tracepoint,
    classifier,
    enum_value,
    enum_value_exists,
    fexit,
    field_exists,
    field_offset,
    function,
    helpers,
    i32,
    i64,
    kernel_address,
    kernel_enum,
    kernel_pointer,
    ktime_get_ns,
    lsm,
    struct,
    timer_callback,
    type_exists,
    u8,
    u16,
    u32,
    u64,
    union,
    xdp,
)
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr, IPv6Address, TcpFlags, TcpHdr, v4_mapped
from osmia.packets import ethernet, ipv4, tcp


@struct
class Total:
    packets: u64
    bytes: u64
    ports: Array[u16, Literal[4]]
    seen: bool = False

    @property
    def mean(self) -> u64:
        return self.bytes // self.packets


class Reason(u32, Enum):
    TOO_SHORT = 0
    UNKNOWN = 1


LIMIT = Constant(u32(5))

counts = HashMap(IPv4Address, u64, max_entries=16)
totals = LruHashMap(IPv6Address, Total, max_entries=16)
sources = LruPerCpuHashMap(IPv4Address, Total, max_entries=16)
hits = PerCpuHashMap(u32, u64, max_entries=16)
settings = ArrayMap(u32, max_entries=4)
reasons = PerCpuArray(u64, max_entries=2)
blocklist = LpmTrie(IPv4Address, u32, max_entries=16)
switches = HashMap(u32, bool, max_entries=1)
kinds = HashMap(u32, EtherType, max_entries=1)
events = PerfEventArray(Total)
ring = RingBuf(Total, byte_size=4096)
latency = Log2Histogram(u64)
sizes = LinearHistogram(u32, step=100, buckets=15, key=IPv4Address, max_entries=16)
stacks = StackTrace(max_entries=64)


def measured(ctx: RawTracepointContext, address: IPv4Address, length: u32) -> None:
    latency.record(ktime_get_ns())
    sizes.record(address, length)
    assert_type(stacks.capture_user(ctx), i64)


def integers(a: u32, b: u64, port: be16) -> None:
    assert_type(a + 1, u32)
    assert_type(1 + a, u32)
    assert_type(a + a, u32)
    assert_type(a << 3 | 1, u32)
    assert_type(-a, u32)
    assert_type(u64(a) + b, u64)
    assert_type(a < 5, bool)
    assert_type(port == be16(80), bool)
    assert_type(u16(port) + 1, u16)
    assert_type(port & 0xFF, be16)
    assert_type(TcpFlags.SYN | TcpFlags.ACK, TcpFlags)
    assert_type(i64(-1) // 2, i64)
    assert_type(ktime_get_ns() - b, u64)
    assert_type(LIMIT.value, u32)


def lookups(address: IPv4Address) -> u64:
    assert_type(counts.lookup(address), Pointer[u64] | None)
    assert_type(totals.lookup(v4_mapped(address)), Total | None)
    assert_type(sources.lookup(address), Total | None)
    assert_type(hits.lookup(u32(1)), Pointer[u64] | None)
    assert_type(settings.lookup(0), Pointer[u32] | None)
    assert_type(settings.lookup(u32(0)), Pointer[u32] | None)
    assert_type(reasons.lookup(Reason.UNKNOWN), Pointer[u64] | None)
    assert_type(blocklist.lookup(address), Pointer[u32] | None)
    assert_type(switches.lookup(u32(0)), Pointer[bool] | None)
    assert_type(kinds.lookup(u32(0)), Pointer[EtherType] | None)
    place = counts.lookup(address)
    if place is None:
        return u64(0)
    place.value += 1
    return place.value


def updates(address: IPv4Address) -> None:
    counts[address] += 1
    counts[address] = u64(1)
    del counts[address]
    reasons[Reason.TOO_SHORT] += 1
    settings[3] = u32(1)
    total = totals.lookup(v4_mapped(address))
    if total is not None:
        total.packets += 1
        total.ports[0] = u16(80)
        assert_type(total.mean, u64)
        assert_type(total.ports[1], u16)
    if address in blocklist and hits.insert(u32(1), u64(1)):
        hits[u32(1)] += 1


@xdp
def ingress(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    assert_type(eth, EthHdr | None)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None:
        return XdpAction.PASS
    packet.skip(ip.header_length - 20)
    header = packet.read(TcpHdr)
    if header is not None and header.dst_port == be16(80) and ip.src_addr in blocklist:
        return XdpAction.DROP
    events.output(
        ctx, Total(packets=u64(1), bytes=u64(ctx.length), ports=Array[u16, Literal[4]](), seen=True)
    )
    return XdpAction.PASS


@classifier
def egress(ctx: TcContext) -> TcAction:
    hits[u32(0)] += u64(ctx.wire_length)
    return TcAction.OK


def user_side(bpf: osmia.Bpf, address: IPv4Address) -> None:
    assert_type(bpf[counts], MutableMapping[IPv4Address, u64])
    assert_type(bpf[totals], MutableMapping[IPv6Address, Total])
    assert_type(bpf[counts].get(address), u64 | None)
    assert_type(bpf[blocklist], MutableMapping[tuple[IPv4Address, int], u32])
    assert_type(bpf[sources][address], PerCpuValues[Total])
    assert_type(bpf[hits][u32(0)].sum(), int)
    assert_type(bpf[hits][u32(0)][0], u64)
    assert_type(bpf[settings][1], u32)
    assert_type(bpf[reasons][Reason.UNKNOWN], PerCpuValues[u64])
    assert_type(bpf[events], EventReader[Total])
    assert_type(bpf[latency], Histogram)
    assert_type(bpf[sizes], Histograms[IPv4Address])
    assert_type(bpf[sizes][address].total, int)
    assert_type(bpf[stacks][i64(3)], tuple[Frame, ...])
    assert_type(bpf[ring].read(timeout=0), list[Total])
    assert_type(bpf.reader(events, pages=8, by_time=True), EventReader[Total])
    assert_type(bpf.reader(ring, delay=0.01), EventReader[Total])
    for event in bpf[events].events(timeout=1):
        assert_type(event, Total)
    bpf[counts][address] = u64(1)
    bpf[blocklist][address, 24] = u32(1)
    bpf[settings][Reason.UNKNOWN] = u32(1)
    bpf[hits][u32(0)] = [u64(0)] * 4
    del bpf[counts][address]
    del bpf[hits][u32(0)]
    for key, values in bpf[sources].items():
        assert_type(key, IPv4Address)
        assert_type([value.packets for value in values], list[u64])
    for index, value in bpf[settings].items():
        assert_type(index, int)
        assert_type(value, u32)


def programs(interface: str) -> None:
    with osmia.load(ingress, egress, constants={LIMIT: u32(9)}) as bpf:
        bpf[ingress].attach(interface)
        bpf[ingress].attach(interface, flags=XdpFlags.SKB_MODE)
        with bpf[egress].attach(interface, Direction.EGRESS):
            assert_type(bpf[ingress].run(ethernet() / ipv4() / tcp()).action, XdpAction)
            assert_type(bpf[egress].run(b"").action, TcAction)
    with osmia.simulate(ingress, constants={LIMIT: u32(9)}) as simulated:
        user_side(simulated, IPv4Address("10.0.0.9"))
        assert_type(simulated[counts], MutableMapping[IPv4Address, u64])
        simulated.kernel.clock_ns += 5


def narrow(first: u8) -> bool:
    return first in (u8(1), u8(2))


@osmia.function
def inlined(number: u32) -> u32:
    return number + 1


@function(inline=False)
def called(ctx: XdpContext, number: u32) -> bool:
    return ctx.length > inlined(number)


@function(verified_alone=True)
def verified_alone(number: u64) -> u64:
    return number * 3


@xdp
def calls_functions(ctx: XdpContext) -> XdpAction:
    assert_type(called(ctx, u32(1)), bool)
    assert_type(verified_alone(u64(2)), u64)
    return XdpAction.PASS


as_value: Subprogram[..., u64] = verified_alone


total_ring = RingBuf(Total, byte_size=4096)
number_ring = RingBuf(u64, byte_size=4096)


@xdp
def reservations(ctx: XdpContext) -> XdpAction:
    total = total_ring.reserve()
    assert_type(total, Total | None)
    if total is None:
        return XdpAction.PASS
    total.packets = u64(1)
    total_ring.submit(total, RingBufFlags.NO_WAKEUP)
    number = number_ring.reserve()
    assert_type(number, Pointer[u64] | None)
    if number is not None:
        number.value += 1
        number_ring.discard(number)
    assert_type(number_ring.output(u64(3), RingBufFlags.FORCE_WAKEUP), bool)
    return XdpAction.PASS


steps = osmia.ProgramArray(XdpContext, {0: calls_functions})


@xdp
def hands_over(ctx: XdpContext) -> XdpAction:
    steps.tail_call(ctx, 0)
    return XdpAction.PASS


def changes_programs(bpf: osmia.Bpf) -> None:
    bpf[steps][1] = calls_functions
    del bpf[steps][0]


sent_count = Global(u64(0))
sums = Global(Total(packets=u64(0), bytes=u64(0), ports=Array[u16, Literal[4]]()))


@xdp
def with_globals(ctx: XdpContext) -> XdpAction:
    sent_count.value += 1
    sums.value.packets = sent_count.value
    sums.value.ports[1] = u16(3)
    assert_type(sums.value, Total)
    return XdpAction.PASS


def read_globals(bpf: osmia.Bpf, limit: Constant[u32]) -> None:
    assert_type(bpf[sent_count].value, u64)
    bpf[sent_count].value = u64(0)
    assert_type(bpf[sums].value, Total)
    assert_type(bpf[limit].value, u32)


ticket = Global(Atomic(u32(0)))
atomic_values = HashMap(u32, Atomic[u64], max_entries=4)


@xdp
def with_atomics(ctx: XdpContext) -> XdpAction:
    assert_type(ticket.value.add(1), u32)
    found = atomic_values.lookup(u32(1))
    assert_type(found, Atomic[u64] | None)
    if found is not None and found.compare_exchange(u64(1), 2) == 1:
        found.value += 1
    atomic_values.insert(u32(2), Atomic(u64(0)))
    return XdpAction.PASS


@struct
class Guarded:
    total: u64
    lock: SpinLock = SpinLock()


guarded = ArrayMap(Guarded, max_entries=1)


@xdp
def with_lock(ctx: XdpContext) -> XdpAction:
    entry = guarded.lookup(0)
    if entry is None:
        return XdpAction.PASS
    with entry.lock:
        entry.total += 1
        if entry.total > 3:
            return XdpAction.DROP
    return XdpAction.PASS


@kernel_enum("bpf_map_type")
class AcceptedMapType(u32, Enum):
    BPF_MAP_TYPE_HASH = 1


@xdp
def with_kernel_enum(ctx: XdpContext) -> XdpAction:
    if enum_value_exists(AcceptedMapType.BPF_MAP_TYPE_HASH):
        assert_type(enum_value(AcceptedMapType.BPF_MAP_TYPE_HASH), AcceptedMapType)
    return XdpAction.PASS


@struct
class Timed:
    count: u64
    timer: Timer = Timer()


timed_by_port = HashMap(u16, Timed, max_entries=4)
timed_array = ArrayMap(Timed, max_entries=1)


@timer_callback(timed_by_port)
def forget(port: u16, entry: Timed) -> None:
    del timed_by_port[port]


@timer_callback(timed_array)
def tick(index: u32, entry: Timed) -> None:
    entry.count += u64(index)
    assert_type(entry.timer.start(u64(1_000_000), tick), bool)


@xdp
def with_timer(ctx: XdpContext) -> XdpAction:
    entry = timed_by_port.lookup(u16(80))
    if entry is not None and entry.timer.start(5_000, forget):
        assert_type(entry.timer.cancel(), bool)
    return XdpAction.PASS


@struct
class Opened:
    port: u16


shared_ring = RingBuf(Total, Opened, byte_size=4096)
shared_perf = PerfEventArray(Opened, Total)


@xdp
def shared_buffer(ctx: XdpContext) -> XdpAction:
    assert_type(shared_ring, RingBuf[Total | Opened])
    opened = shared_ring.reserve(Opened)
    assert_type(opened, Opened | None)
    if opened is not None:
        opened.port = u16(1)
        shared_ring.submit(opened)
    shared_perf.output(ctx, Opened(port=u16(2)))
    return XdpAction.PASS


def read_shared(bpf: osmia.Bpf) -> None:
    assert_type(bpf[shared_ring], EventReader[Total | Opened])
    for event in bpf[shared_perf]:
        assert_type(event, Opened | Total)
        if isinstance(event, Opened):
            assert_type(event.port, u16)


sockets = osmia.SockHash(u32, max_entries=4)


@osmia.cgroup_sock_addr("connect4")
def connects(ctx: osmia.CgroupSockAddrContext) -> osmia.CgroupVerdict:
    assert_type(ctx.user_port, osmia.be16)
    ctx.user_port = osmia.be16(80)
    ctx.user_address = IPv4Address("10.0.0.1")
    return osmia.CgroupVerdict.ALLOW


@osmia.socket_filter
def filters(ctx: osmia.SocketFilterContext) -> u32:
    header = ctx.load_bytes(TcpHdr, 0)
    assert_type(header, TcpHdr | None)
    return ctx.length


@osmia.sk_lookup
def looks(ctx: osmia.SkLookupContext) -> osmia.SkAction:
    return osmia.SkAction.PASS if ctx.assign(sockets, u32(1)) else osmia.SkAction.DROP


def hooks(bpf: osmia.Bpf, cgroup: str) -> None:
    with bpf[connects].attach(cgroup) as link:
        link.pin("/sys/fs/bpf/connects")
    bpf[looks].attach()
    assert_type(bpf[filters].run(b"").action, u32)
    assert_type(u32(1) in bpf[sockets], bool)


class AcceptedTask(KernelStruct, name="task_struct"):
    pid: i32
    parent: KernelPointer[AcceptedTask]
    stack: KernelAddress
    flag: Annotated[u32, BitField(3)]


@btf_tracepoint("sched_process_exit")
def typed_arguments(ctx: BtfTracepointContext, task: AcceptedTask, group_dead: bool) -> int:
    assert_type(task.parent.parent.pid, i32)
    assert_type(task.stack, u64)
    assert_type(task.flag, u32)
    assert_type(ctx.pid, u32)
    if task.parent and field_exists(AcceptedTask.flag) and type_exists(AcceptedTask):
        return 1
    other = kernel_pointer(AcceptedTask, kernel_address(task))
    assert_type(other, AcceptedTask)
    assert_type(field_offset(AcceptedTask.parent), u32)
    return 0


@lsm("file_open")
def on_hook(ctx: LsmContext, file: AcceptedTask) -> int:
    return 0


@fexit("tcp_connect")
def on_return(ctx: FexitContext, task: AcceptedTask, result: i32) -> int:
    return 0


waiting = osmia.Queue(u32, max_entries=4)
known = osmia.BloomFilter(u64, max_entries=4)
devices = osmia.DevMap(max_entries=4)


@xdp
def uses_maps(ctx: XdpContext) -> XdpAction:
    number = waiting.pop()
    if number is None or u64(number.value) in known:
        return devices.redirect(0)
    return devices.redirect(number.value, XdpAction.PASS)


def map_kinds(bpf: osmia.Bpf) -> None:
    assert_type(bpf[waiting].pop(), u32 | None)
    bpf[devices][0] = 2
    assert_type(bpf[devices][0], int)


@xdp
def counts_long(ctx: XdpContext) -> XdpAction:
    total = u64(0)
    for turn in osmia.loop(ctx.length):
        assert_type(turn, int)
        total += u64(turn)
    return XdpAction.PASS


@osmia.kfunc
def bpf_xdp_metadata_rx_hash(ctx: XdpContext, hash: Array[u32, Literal[1]]) -> i32:
    raise NotImplementedError


@xdp
def calls_the_kernel(ctx: XdpContext) -> XdpAction:
    hash = Array[u32, Literal[1]]()
    if osmia.kfunc_exists(bpf_xdp_metadata_rx_hash) and bpf_xdp_metadata_rx_hash(ctx, hash) == 0:
        assert_type(bpf_xdp_metadata_rx_hash(ctx, hash), i32)
    assert_type(helpers.csum_diff(None, hash, 0), i64)
    assert_type(helpers.xdp_load_bytes(ctx, 12, hash), i64)
    assert_type(helpers.jiffies64(), u64)
    assert_type(ctx.adjust_head(-14), i64)
    return XdpAction(helpers.redirect(3, 0))


@classifier
def rewrites(ctx: TcContext) -> TcAction:
    helpers.l3_csum_replace(ctx, 24, be16(1), be16(2), 2)
    helpers.skb_store_bytes(ctx, 0, u32(1), 0)
    return TcAction.OK


number_map = HashMap(u32, u64, max_entries=4)
total_map = HashMap(u32, Total, max_entries=4)


@xdp
def goes_over_entries(ctx: XdpContext) -> XdpAction:
    for number, place in number_map.items():
        assert_type(number, u32)
        assert_type(place, Pointer[u64])
    for number, total in total_map.items():
        assert_type(number, u32)
        assert_type(total, Total)
    return XdpAction.PASS


@union
class Word:
    number: u32
    bytes: Array[u8, Literal[4]]


class Bits(u8, Flags):
    LOW = 1
    HIGH = 128


@struct
class Choice:
    bits: Bits
    word: Word
    name: CharArray[Literal[8]]


@xdp
def chooses(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    total = u64(0)
    choice = packet.read(Choice)
    match choice:
        case None:
            return XdpAction.PASS
        case Choice(bits=Bits.LOW, word=word):
            assert_type(word, Word)
            return XdpAction.DROP
        case Choice():
            assert_type(choice, Choice)
    if Bits.HIGH in choice.bits and choice.name == b"eth0":
        choice.bits |= Bits.LOW
    made = Word()
    made.number = max(choice.word.number, ctx.length, u32(3))
    for i, (byte, other) in enumerate(zip(made.bytes, choice.word.bytes, strict=True)):
        assert_type(i, int)
        assert_type(byte, u8)
        total += u64(byte ^ other)
    first, second = made.bytes[0], choice.word.bytes[1]
    first, second = second, first
    assert_type(sum((u32(byte) for byte in made.bytes), u32(0)), u32)
    if any(byte > first for byte in made.bytes) or ctx.length in (64, 128) or len(made.bytes) == second:
        return XdpAction.DROP
    assert_type(abs(i64(total)), i64)
    return XdpAction.PASS


class Task(osmia.KernelStruct, name="task_struct"):
    pid: i32


per_task = osmia.TaskStorage(Total)
per_socket = osmia.SocketStorage(u64)


@osmia.btf_tracepoint("sched_switch")
def stores_per_task(ctx: osmia.BtfTracepointContext, preempt: bool, previous: Task) -> int:
    assert_type(osmia.current_task(Task), Task)
    assert_type(per_task.lookup(previous), Total | None)
    assert_type(per_task.lookup_or_create(osmia.current_task(Task)), Total | None)
    assert_type(per_task.delete(previous), bool)
    return 0


@osmia.sock_ops
def stores_per_socket(ctx: osmia.SockOpsContext) -> int:
    assert_type(per_socket.lookup_or_create(ctx), Pointer[u64] | None)
    return 1


def reads_storage(bpf: osmia.Bpf, pidfd: int) -> None:
    assert_type(bpf[per_task].get(pidfd), Total | None)
    assert_type(bpf[per_socket][pidfd], u64)


buckets = osmia.HashOfMaps(u32, HashMap(u32, Total, max_entries=4), max_entries=4)
halves = osmia.ArrayOfMaps(osmia.ArrayMap(u64, max_entries=4), max_entries=2)


@xdp
def looks_into_maps(ctx: XdpContext) -> XdpAction:
    totals = buckets.lookup(ctx.length)
    if totals is None:
        return XdpAction.PASS
    assert_type(totals, HashMap[u32, Total])
    assert_type(totals.lookup(u32(1)), Total | None)
    half = halves.lookup(1)
    if half is not None:
        half[u32(0)] += 1
    return XdpAction.PASS


def exchanges_maps(bpf: osmia.Bpf) -> None:
    assert_type(bpf[buckets].create(), MutableMapping[u32, Total])
    fresh = bpf[halves].create()
    assert_type(fresh[0], u64)
    bpf[halves][0] = fresh
    bpf[halves][1][2] = u64(3)
