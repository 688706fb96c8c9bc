"""Count how often each process calls a function of the kernel."""

import time

import osmia
from osmia import Comm, HashMap, KprobeContext, kprobe, u64

calls = HashMap(Comm, u64, max_entries=10240)


@kprobe("vfs_read")
def called(ctx: KprobeContext) -> int:
    """Runs where the function begins; `ctx.arg(0)` is its first argument."""
    calls[ctx.comm] += 1
    return 0


def main() -> None:
    """Attach, and show the counts each second. The kernel needs CONFIG_KPROBES."""
    with osmia.load(called) as bpf:
        bpf[called].attach()
        while True:
            time.sleep(1)
            for comm, count in bpf[calls].items():
                print(f"{comm!s:16} {count}")


if __name__ == "__main__":
    main()
