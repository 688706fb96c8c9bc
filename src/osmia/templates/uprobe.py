"""Count how often each process calls a function of a library."""

import time

import osmia
from osmia import Comm, HashMap, KprobeContext, u64, uprobe

calls = HashMap(Comm, u64, max_entries=10240)


@uprobe("libc.so.6", "getaddrinfo")
def called(ctx: KprobeContext) -> int:
    """Runs where the function begins, in every process; `ctx.arg(0)` is its first argument."""
    calls[ctx.comm] += 1
    return 0


def main() -> None:
    """Attach, and show the counts each second."""
    with osmia.load(called) as bpf:
        bpf[called].attach()
        while True:
            time.sleep(1)
            for comm, count in bpf[calls].items():
                print(f"{comm!s:16} {count}")


if __name__ == "__main__":
    main()
