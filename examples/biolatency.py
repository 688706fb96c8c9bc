"""Show how long block devices take for their requests, by kind of request.

Needs root. Linux 5.11, with BTF.
"""

import time
from contextlib import suppress
from enum import IntEnum

import osmia
from osmia import (
    BtfTracepointContext,
    HashMap,
    KernelStruct,
    Log2Histogram,
    btf_tracepoint,
    i32,
    kernel_address,
    ktime_get_ns,
    u8,
    u32,
    u64,
)


class Operation(IntEnum):
    """What a request does (enum req_op in include/linux/blk_types.h)."""

    READ = 0
    WRITE = 1
    FLUSH = 2
    DISCARD = 3


class Request(KernelStruct, name="request"):
    """A request to a block device."""

    cmd_flags: u32


began = HashMap(u64, u64, max_entries=65536)
latency = Log2Histogram(u64, key=u8, max_entries=256)
"""ns"""


@btf_tracepoint("block_rq_issue")
def begins(ctx: BtfTracepointContext, request: Request) -> int:
    began[kernel_address(request)] = ktime_get_ns()
    return 0


@btf_tracepoint("block_rq_complete")
def ends(ctx: BtfTracepointContext, request: Request, error: i32, size: u32) -> int:
    start = began.lookup(kernel_address(request))
    if start is not None:
        latency.record(u8(request.cmd_flags), ktime_get_ns() - start.value)
        del began[kernel_address(request)]
    return 0


def name(operation: int) -> str:
    return (
        Operation(operation).name if operation in Operation._value2member_map_ else f"operation {operation}"
    )


def main() -> None:
    with osmia.load(begins, ends) as bpf:
        bpf[begins].attach()
        bpf[ends].attach()
        with suppress(KeyboardInterrupt):
            print("Ctrl-C ends, and shows the times.")
            while True:
                time.sleep(1)
        for operation, histogram in bpf[latency].items():
            print(f"\n{name(int(operation))}\n{histogram.text('ns')}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
