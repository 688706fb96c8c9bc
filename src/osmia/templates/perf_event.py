"""Sample what the processors do: which commands run, 99 times a second."""

import time

import osmia
from osmia import Comm, HashMap, PerfEventContext, perf_event, u64

samples = HashMap(Comm, u64, max_entries=10240)


@perf_event
def sample(ctx: PerfEventContext) -> int:
    """Runs for each sample, on each processor."""
    samples[ctx.comm] += 1
    return 0


def main() -> None:
    """Attach, and show the counts each second."""
    with osmia.load(sample) as bpf:
        bpf[sample].attach(frequency=99)
        while True:
            time.sleep(1)
            for comm, count in bpf[samples].items():
                print(f"{comm!s:16} {count}")


if __name__ == "__main__":
    main()
