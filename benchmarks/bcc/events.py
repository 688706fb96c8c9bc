"""Reading events with bcc: nanoseconds for each, drained and parsed.

`events.py ROUNDS FILLING` prints two numbers for each round. Debian's Python runs it, with python3-bpfcc.
"""

import ctypes
import os
import struct
import sys
import time

from bcc import BPF

SOURCE = """
struct sample {
    u64 time;
    u64 address;
    u32 kind;
    u32 size;
};
BPF_RINGBUF_OUTPUT(ring, 256);

int to_ring(struct __sk_buff *skb)
{
    struct sample sample = {bpf_ktime_get_ns(), 2, 3, 4};

    ring.ringbuf_output(&sample, sizeof(sample), 0);
    return 0;
}
"""
BPF_PROG_TEST_RUN = 10
SYSCALL_BPF = {"x86_64": 321, "aarch64": 280}
FRAME = ctypes.create_string_buffer(64)
ATTRIBUTES = "<IIIIQQII"
"""prog_fd, retval, data_size_in, data_size_out, data_in, data_out, repeat, duration: `union bpf_attr`."""


def fill(libc, descriptor, count):
    """Run the program `count` times."""
    data = struct.pack(ATTRIBUTES, descriptor, 0, 64, 0, ctypes.addressof(FRAME), 0, count, 0)
    attributes = ctypes.create_string_buffer(data, 80)
    number = SYSCALL_BPF[os.uname().machine]
    if libc.syscall(number, BPF_PROG_TEST_RUN, attributes, len(attributes)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main(rounds, filling):
    libc = ctypes.CDLL(None, use_errno=True)
    bpf = BPF(text=SOURCE)
    program = bpf.load_func("to_ring", BPF.SCHED_CLS)
    ring = bpf["ring"]
    seen = 0
    parsing = False

    def arrived(context, data, size):
        nonlocal seen
        if not parsing:
            seen += 1
            return
        event = ring.event(data)
        if event.time and event.address and event.kind and event.size:
            seen += 1

    ring.open_ring_buffer(arrived)
    for _ in range(rounds):
        times = []
        for way in (False, True):
            parsing, seen = way, 0
            fill(libc, program.fd, filling)
            start = time.perf_counter_ns()
            bpf.ring_buffer_consume()
            times.append((time.perf_counter_ns() - start) / filling)
            if seen != filling:
                raise SystemExit(f"{seen} of {filling} events arrived")
        print(*times)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
