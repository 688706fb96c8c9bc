"""Events of 24 bytes, one for each run, into a ring buffer of 1 MiB and a perf event array.

Not XDP: each BPF_PROG_TEST_RUN of an XDP program with repetitions takes 14 ms to begin.
"""

from osmia import (
    PerCpuArray,
    PerfEventArray,
    RingBuf,
    TcAction,
    TcContext,
    classifier,
    ktime_get_ns,
    struct,
    u32,
    u64,
)


@struct
class Sample:
    """24 bytes."""

    time: u64
    address: u64
    kind: u32
    size: u32


ring = RingBuf(Sample, byte_size=1 << 20)
perf = PerfEventArray(Sample)
produced = PerCpuArray(u64, max_entries=1)
"""Events of the counting programs, whether there was room or not."""


@classifier
def to_ring(ctx: TcContext) -> TcAction:
    event = Sample(time=ktime_get_ns(), address=u64(2), kind=u32(3), size=u32(4))
    ring.output(event)
    return TcAction.OK


@classifier
def to_perf(ctx: TcContext) -> TcAction:
    event = Sample(time=ktime_get_ns(), address=u64(2), kind=u32(3), size=u32(4))
    perf.output(ctx, event)
    return TcAction.OK


@classifier
def counted_to_ring(ctx: TcContext) -> TcAction:
    produced[0] += 1
    ring.output(Sample(time=ktime_get_ns(), address=u64(2), kind=u32(3), size=u32(4)))
    return TcAction.OK


@classifier
def counted_to_perf(ctx: TcContext) -> TcAction:
    produced[0] += 1
    perf.output(ctx, Sample(time=ktime_get_ns(), address=u64(2), kind=u32(3), size=u32(4)))
    return TcAction.OK
