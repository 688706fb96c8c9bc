"""`simulate()`: programs as plain Python behind the interface of `load()`."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import osmia
import osmia.net
from osmia import (
    Constant,
    Direction,
    HashMap,
    PerCpuArray,
    TcAction,
    TcContext,
    UsageError,
    XdpAction,
    XdpContext,
    XdpFlags,
    be16,
    classifier,
    get_prandom_u32,
    get_smp_processor_id,
    ktime_get_ns,
    log,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.net import EtherType, EthHdr, Ipv4Hdr, UdpHdr
from osmia.packets import arp, ethernet, ipv4, ipv6, udp, vlan

THRESHOLD = Constant(u32(100))
VERBOSE = Constant(False)
UNUSED = Constant(u32(1))

lengths = HashMap(u32, u32, max_entries=16)
runs = PerCpuArray(u64, max_entries=1)
times = HashMap(u32, u64, max_entries=16)
unused = HashMap(u32, u32, max_entries=1)


def count_run() -> None:
    runs[0] += 1


@xdp
def measure(ctx: XdpContext) -> XdpAction:
    count_run()
    lengths[u32(ctx.ingress_ifindex)] = ctx.length
    if VERBOSE.value:
        log.warning(f"{ctx.length} bytes")
    return XdpAction.DROP if ctx.length > THRESHOLD.value else XdpAction.PASS


@xdp
def rewrite(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None:
        return XdpAction.ABORTED
    eth.dst_addr[0] += 1
    eth.ether_type = EtherType.ARP
    return XdpAction.TX


@xdp
def sample(ctx: XdpContext) -> XdpAction:
    times[get_smp_processor_id()] = ktime_get_ns()
    times[u32(100)] = u64(get_prandom_u32())
    return XdpAction.PASS


@classifier
def outgoing(ctx: TcContext) -> TcAction:
    ctx.pull_data(64)
    lengths[u32(0)] = ctx.wire_length
    lengths[u32(1)] = ctx.gso_segments
    lengths[u32(2)] = ctx.mark
    lengths[u32(3)] = u32(u16(ctx.protocol))
    lengths[u32(4)] = ctx.ifindex
    lengths[u32(5)] = ctx.ingress_ifindex
    return TcAction.SHOT if ctx.mark == 7 else TcAction.OK


def test_run_gives_action_data_and_duration() -> None:
    with osmia.simulate(measure) as bpf:
        frame = bytes(ethernet() / ipv4() / udp() / bytes(10))
        result = bpf[measure].run(frame)
        assert result.action is XdpAction.PASS
        assert result.data == frame
        assert result.duration_ns >= 0
        assert bpf[lengths][u32(1)] == len(frame)
        assert bpf[measure].run(ethernet() / bytes(100), ingress_ifindex=9).action is XdpAction.DROP
        assert bpf[lengths][u32(9)] == 114


def test_a_program_writes_to_a_copy_of_the_packet() -> None:
    packet = bytes(ethernet(dst="02:00:00:00:00:02") / ipv4() / udp())
    before = bytes(packet)
    with osmia.simulate(rewrite) as bpf:
        result = bpf[rewrite].run(packet)
        assert packet == before
        assert result.action == XdpAction.TX
        assert result.data == b"\x03" + before[1:12] + b"\x08\x06" + before[14:]
        assert bpf[rewrite].run(packet, repeat=3).data[0] == 5
        assert bpf[rewrite].run(b"short").action == XdpAction.ABORTED


def test_repeat_runs_as_often() -> None:
    with osmia.simulate(measure) as bpf:
        bpf[measure].run(bytes(14), repeat=5)
        assert bpf[runs][0].sum() == 5
        with pytest.raises(UsageError, match="at least 1"):
            bpf[measure].run(bytes(14), repeat=0)


def test_constants_have_a_default_and_a_value() -> None:
    frame = bytes(60)
    with osmia.simulate(measure) as bpf:
        assert bpf[measure].run(frame).action == XdpAction.PASS
    with osmia.simulate(measure, constants={THRESHOLD: u32(50)}) as bpf:
        assert bpf[measure].run(frame).action == XdpAction.DROP


def test_log_arrives_in_logging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "osmia.kernel"):
        with osmia.simulate(measure, constants={VERBOSE: True}) as bpf:
            bpf[measure].run(bytes(20))
    assert caplog.record_tuples == [("osmia.kernel", logging.WARNING, "20 bytes")]


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({UNUSED: u32(2)}, "used by none of the programs"),
        ({THRESHOLD: u64(2)}, "of type u32"),
        ({THRESHOLD: 2}, "of type u32"),
        ({VERBOSE: u32(1)}, "of type bool"),
        ({"THRESHOLD": u32(2)}, "used by none"),
    ],
)
def test_wrong_constants_are_refused(constants: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        osmia.simulate(measure, constants=constants)


def test_clock_processor_and_randomness_are_set() -> None:
    with osmia.simulate(sample, processors=2, seed=3) as bpf:
        bpf.kernel.clock_ns = 5_000
        bpf[sample].run(bytes(14))
        bpf.kernel.processor = 1
        bpf[sample].run(bytes(14))
        first = bpf[times][u32(0)]
        assert first == 5_000
        assert bpf[times][u32(1)] == 5_000 + bpf.kernel.tick_ns
        random = bpf[times][u32(100)]
        with pytest.raises(UsageError, match="0 to 1"):
            bpf.kernel.processor = 2
    with osmia.simulate(sample, seed=3) as bpf:
        bpf[sample].run(bytes(14), repeat=2)
        assert bpf[times][u32(100)] == random
        bpf.kernel.tick_ns = 0
        assert ktime_get_ns() == ktime_get_ns()
    with pytest.raises(UsageError, match="at least one processor"):
        osmia.simulate(sample, processors=0)


def test_classifier_context() -> None:
    def seen() -> list[int]:
        return [int(bpf[lengths][u32(index)]) for index in range(6)]

    with osmia.simulate(outgoing) as bpf:
        frame = bytes(ethernet() / ipv6() / udp() / bytes(1))
        assert bpf[outgoing].run(frame).action == TcAction.OK
        assert seen() == [len(frame), 0, 0, 0x86DD, 1, 0]
        result = bpf[outgoing].run(
            ethernet() / vlan() / ipv4(),
            mark=7,
            wire_length=3000,
            gso_segments=2,
            ifindex=5,
            ingress_ifindex=6,
        )
        assert result.action == TcAction.SHOT
        assert seen() == [3000, 2, 7, 0x8100, 5, 6]
        bpf[outgoing].run(bytes(12) + be16(46).to_bytes() + bytes(46))
        assert seen()[3] == 4
        bpf[outgoing].run(bytes(12) + be16(46).to_bytes() + b"\xff\xff" + bytes(44))
        assert seen()[3] == 1


def test_each_simulation_has_maps_of_its_own() -> None:
    with osmia.simulate(measure) as outer:
        outer[measure].run(bytes(14))
        with osmia.simulate(measure) as inner:
            assert len(inner[lengths]) == 0
            inner[measure].run(bytes(14), ingress_ifindex=2)
            outer[measure].run(bytes(14), ingress_ifindex=3)
            assert list(inner[lengths]) == [u32(2)]
        assert set(outer[lengths]) == {u32(1), u32(3)}
        assert lengths.lookup(u32(3)) is not None


def test_kernel_functions_can_be_called_directly() -> None:
    with osmia.simulate(measure) as bpf:
        assert measure(XdpContext(bytearray(20))) == XdpAction.PASS
        assert bpf[lengths][u32(0)] == 20
    with pytest.raises(LookupError, match="inside `with"):
        measure(XdpContext(bytearray(20)))


def test_what_is_not_simulated_is_refused() -> None:
    anything: Any = "measure"
    with osmia.simulate(measure) as bpf:
        with pytest.raises(UsageError, match="rewrite is not simulated here"):
            bpf[rewrite]
        with pytest.raises(UsageError, match="used by none of the programs: measure"):
            bpf[unused]
        with pytest.raises(UsageError, match="neither a program nor a map"):
            bpf[anything]
    with pytest.raises(UsageError, match="no program to simulate"):
        osmia.simulate()
    with pytest.raises(UsageError, match="decorate the function"):
        osmia.simulate(anything)


def test_attach_is_refused_with_advice() -> None:
    with osmia.simulate(measure, outgoing) as bpf:
        with pytest.raises(UsageError, match=r"bpf\[measure\]\.run\(packet\)"):
            bpf[measure].attach("eth0", flags=XdpFlags.SKB_MODE)
        with pytest.raises(UsageError, match="cannot be attached to eth0"):
            bpf[outgoing].attach("eth0", Direction.EGRESS)


@pytest.mark.parametrize("returned", [2, None, TcAction.OK, u32(2)])
def test_a_program_that_returns_no_action_is_an_error(returned: Any) -> None:
    @xdp
    def wrong(ctx: XdpContext) -> XdpAction:
        action: XdpAction = returned
        return action

    with (
        osmia.simulate(wrong) as bpf,
        pytest.raises(UsageError, match="which is no XdpAction"),
    ):
        bpf[wrong].run(bytes(14))


def test_an_error_in_a_program_reaches_the_test_and_leaves_no_lock() -> None:
    @xdp
    def failing(ctx: XdpContext) -> XdpAction:
        runs[0] += 1
        raise ZeroDivisionError

    with osmia.simulate(failing) as bpf:
        with pytest.raises(ZeroDivisionError):
            bpf[failing].run(bytes(14))
        assert bpf[runs][0].sum() == 1


@struct
class Settings:
    limit: u32

    @property
    def scaled(self) -> u32:
        return self.limit * THRESHOLD.value


settings = HashMap(u32, Settings, max_entries=1)


def test_maps_and_constants_are_found_wherever_they_are_mentioned() -> None:
    local = HashMap(u8, u8, max_entries=1)

    @xdp
    def nested(ctx: XdpContext) -> XdpAction:
        local[u8(1)] = u8(2)
        found = settings.lookup(u32(0))
        if found is not None and found.scaled > 5:
            return XdpAction.DROP
        header = ctx.packet().read(osmia.net.EthHdr)
        return XdpAction.PASS if header is not None else XdpAction.ABORTED

    with osmia.simulate(nested, constants={THRESHOLD: u32(3)}) as bpf:
        assert bpf[nested].run(bytes(14)).action == XdpAction.PASS
        bpf[settings][u32(0)] = Settings(limit=u32(2))
        assert bpf[nested].run(bytes(14)).action == XdpAction.DROP
        assert bpf[local][u8(1)] == 2


@xdp
def parse(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None:
        return XdpAction.PASS
    packet.skip(ip.header_length - 20)
    header = packet.read(UdpHdr)
    if header is not None and header.dst_port == be16(53):
        return XdpAction.DROP
    return XdpAction.PASS


def test_a_cursor_skips_options_and_stops_at_the_end() -> None:
    with osmia.simulate(parse) as bpf:
        frame = bytes(ethernet() / ipv4(options=bytes(8)) / udp(dport=53))
        assert bpf[parse].run(frame).action == XdpAction.DROP
        for length in range(len(frame)):
            assert bpf[parse].run(frame[:length]).action == XdpAction.PASS
        assert bpf[parse].run(ethernet() / arp()).action == XdpAction.PASS
        bad_length = bytearray(frame)
        bad_length[14] = 0x41
        assert bpf[parse].run(bytes(bad_length)).action == XdpAction.PASS
