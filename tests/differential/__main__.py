"""Compare many generated functions and tell what they held: `make test-differential`.

Fails where plain Python and the kernel differ, and where a cell of the table was hit too rarely.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.differential.batch import FUNCTIONS, outcome_of_module
from tests.differential.operations import LEAST, Tally

_MORE_ROUNDS = 4
"""A round is an eighth of what was asked for: made while a cell of the table was hit too rarely."""


def main() -> int:
    """Compare, print, and give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--functions", type=int, default=20_000, help="how many to compare at least")
    parser.add_argument("--first-seed", type=int, default=0, help="the seed of the first module")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    modules = -(-options.functions // FUNCTIONS)
    rounds = [modules] + [-(-modules // 8)] * _MORE_ROUNDS
    tally, differences, done, start = Tally(), 0, 0, time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=context) as pool:
        for count in rounds:
            if done and not tally.missing():
                break
            first = options.first_seed + done
            seeds = range(first, first + count)
            for future in as_completed([pool.submit(outcome_of_module, seed) for seed in seeds]):
                seed, texts, counted = future.result()
                done += 1
                tally.merge(counted)
                for text in texts:
                    differences += 1
                    print(f"seed {seed}: {text}\n", flush=True)
                print(f"\r{done * FUNCTIONS} functions", end="", file=sys.stderr, flush=True)
    print(tally.table())
    missing = tally.missing()
    for cell, hits in missing:
        print(f"hit {hits} times only, not {LEAST}: {cell.operation} on {cell.kind}, {cell.form}")
    print(
        f"{done * FUNCTIONS} functions, {differences} differences, {len(missing)} cells hit too rarely, "
        f"{time.monotonic() - start:.0f} s"
    )
    return 1 if differences or missing else 0


if __name__ == "__main__":
    sys.exit(main())
